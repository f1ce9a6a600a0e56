from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('curator', '0007_themes_stills_courses'),
    ]

    operations = [
        migrations.RemoveField(model_name='cue', name='theme'),
        migrations.RemoveField(model_name='theme', name='parent'),
        migrations.RemoveField(model_name='theme', name='relation'),
        migrations.AlterModelOptions(name='theme', options={'ordering': ['pk']}),
        migrations.AlterField(
            model_name='theme',
            name='first_bar',
            field=models.PositiveIntegerField(blank=True, help_text='written bars, counted from 1', null=True),
        ),
        migrations.AddConstraint(
            model_name='theme',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('first_bar__isnull', True), ('last_bar__isnull', True), ('version__isnull', True)), models.Q(('first_bar__isnull', False), ('last_bar__isnull', False), ('version__isnull', False), ('first_bar__gte', 1), ('last_bar__gte', models.F('first_bar'))), _connector='OR'), name='theme_bars_whole'),
        ),
    ]
