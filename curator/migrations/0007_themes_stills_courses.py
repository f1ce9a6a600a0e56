import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


def theme_of_a_cue_becomes_its_use(apps, _schema_editor):
    """What a cue named as its one theme is from now on a statement of it from its first bar."""
    use = apps.get_model("curator", "CueTheme")
    cues = apps.get_model("curator", "Cue").objects.filter(theme__isnull=False)
    use.objects.bulk_create(use(cue=cue, theme_id=cue.theme_id) for cue in cues)


class Migration(migrations.Migration):

    dependencies = [
        ('curator', '0006_gpu_turns'),
    ]

    operations = [
        migrations.CreateModel(
            name='Course',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('scheme', models.CharField(max_length=20)),
                ('bars', models.JSONField(default=list)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('sha256', 'scheme'), name='course_once_a_text')],
            },
        ),
        migrations.CreateModel(
            name='Still',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('large', models.CharField(max_length=64)),
                ('tile', models.CharField(max_length=64)),
                ('original_name', models.CharField(blank=True, max_length=255)),
                ('shot', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='still', to='curator.shot')),
            ],
        ),
        migrations.CreateModel(
            name='CueTheme',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('how', models.CharField(choices=[('statement', 'stated'), ('variation', 'varied'), ('fragment', 'fragment')], default='statement', max_length=10)),
                ('bar', models.PositiveIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1)])),
                ('cue', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='theme_uses', to='curator.cue')),
                ('theme', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='uses', to='curator.theme')),
            ],
            options={
                'ordering': ['cue_id', 'bar'],
                'constraints': [
                    models.UniqueConstraint(fields=('cue', 'theme', 'bar'), name='cue_theme_once_a_bar'),
                    models.CheckConstraint(condition=models.Q(('how__in', ['statement', 'variation', 'fragment'])), name='cue_theme_use_known'),
                    models.CheckConstraint(condition=models.Q(('bar__gte', 1)), name='cue_theme_bar_from_one'),
                ],
            },
        ),
        migrations.RunPython(theme_of_a_cue_becomes_its_use, migrations.RunPython.noop),
    ]
