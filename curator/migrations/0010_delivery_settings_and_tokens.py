import curator.models.identity
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('curator', '0009_takes_measured'),
    ]

    operations = [
        # No code ever made a token before this; the table is empty wherever it stands.
        migrations.DeleteModel(name='ApiToken'),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', curator.models.identity.PublicIdField()),
                ('name', models.CharField(max_length=80)),
                ('token_sha256', models.CharField(max_length=64, unique=True)),
                ('scopes', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('counted_from', models.DateTimeField(blank=True, null=True)),
                ('calls', models.PositiveIntegerField(default=0)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('film', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to='curator.film')),
            ],
            options={'ordering': ['-id']},
        ),
        migrations.CreateModel(
            name='DeliverySettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('publisher', models.CharField(blank=True, max_length=200)),
                ('note', models.CharField(blank=True, help_text='said of generated music in credits and cue sheet', max_length=300)),
                ('miscellaneous', models.BooleanField(default=True, help_text='checkpoint and seed stand in the score file')),
                ('semicolon', models.BooleanField(default=False, help_text='tables are separated by semicolons')),
                ('bom', models.BooleanField(default=False, help_text='tables begin with a byte order mark')),
                ('film', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='delivery_settings', to='curator.film')),
            ],
        ),
        migrations.AddField(
            model_name='deliveredcue',
            name='state_sha256',
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
