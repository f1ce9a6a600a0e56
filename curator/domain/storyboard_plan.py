"""What saving a file of the film team would do: decided here in full, shown before, and then saved as it was shown."""

from collections.abc import Sequence

from django.utils.translation import gettext_noop

from curator.domain.plans import shot_spans, shots_under
from curator.domain.shots import estimate_lengths
from curator.domain.storyboard_fates import Difference, Fate, ImportPlan, SceneFate, ShotFate, StageFate, differences
from curator.domain.storyboard_match import (
    in_order,
    is_of_script,
    is_said_in,
    match_paragraphs,
    match_scenes,
    match_shots,
    paragraph_key,
)
from curator.film.storyboard import (
    MOST_NAME,
    MOST_SLUG,
    Kind,
    ReadScene,
    ReadShot,
    Remark,
    Storyboard,
    free_code,
    put_field,
)
from curator.models.film import IN_PLAN, ArcStage, Film, Scene, Shot
from curator.notation.errors import Sentence

CUT, SCRIPT = " (cut)", " (script)"
"""What stands behind the names of fields that an edit list or a script gave to a shot or scene of a storyboard."""


def plan_import(*, film: Film, board: Storyboard, remove_gone: bool = False) -> ImportPlan:
    """What saving `board` would do to `film`; nothing is written.

    Shots are known again by their ids, in lists also by clip or order. What the owner typed stays. Shots that are not
    in the file stay too unless `remove_gone`; those that were made of a script's paragraphs give way to a storyboard.
    """
    return _Planner(film, board, remove_gone).plan()


class _Planner:
    def __init__(self, film: Film, board: Storyboard, remove_gone: bool) -> None:
        self.film = film
        self.board = board
        self.remove = remove_gone
        spans = shot_spans(film=film)
        self.made = ImportPlan(film, board, spans, remarks=list(board.remarks))
        self.old = [span.shot for span in shot_spans(film=film)]  # these change, those of `before` do not
        self.known = list(film.scenes.all())
        scenes = {scene.pk: scene for scene in self.known}
        for shot in self.old:
            shot.scene = scenes[shot.scene_id]  # one object for all shots of a scene
        self.codes = {shot.code for shot in self.old}
        self.fates: dict[int, ShotFate] = {}
        self.in_file: list[Shot] = []
        self.rows: list[Scene] = []

    def tell(self, line: int, pattern: str, **values: object) -> None:
        self.made.remarks.append(Remark(line, Sentence(pattern, **values)))

    def plan(self) -> ImportPlan:
        self.about_film()
        if self.board.kind != Kind.EDIT_LIST or not self.old:
            self.scenes()
        if self.board.kind == Kind.SCRIPT:
            self.script()
        else:
            self.listed()
        self.gone()
        self.order()
        self.lengths()
        if self.board.stages:
            self.stages()
        self.made.remarks.sort(key=lambda remark: remark.line)
        return self.made

    def about_film(self) -> None:
        title, runtime = self.board.title, self.board.runtime
        if title and title.casefold() != self.film.title.casefold():
            self.tell(0, gettext_noop("The file calls the film “%(title)s”."), title=title[:80])
        if runtime and runtime != (self.film.runtime_low, self.film.runtime_high):
            if "runtime" in self.film.edited:
                self.tell(0, gettext_noop("The runtime that was typed stays; the file has another."))
            else:
                self.film.runtime_low, self.film.runtime_high = runtime
                self.made.spread = True

    def scenes(self) -> None:
        rows = self.known
        found = match_scenes(self.board, rows)
        named = {one.pk: read for read, one in zip(self.board.scenes, found, strict=True) if one}
        free = max([0, *(one.number for one in rows), *(read.number for read in self.board.scenes)])
        taken = {read.number for read in self.board.scenes}
        for read, one in zip(self.board.scenes, found, strict=True):
            number = read.number
            if self.board.kind == Kind.SCRIPT and rows:
                number = one.number if one else (free := free + 1)
            self.rows.append(self.scene(read, one, number))
        for one in rows:
            if one.pk in named:
                continue
            if self.board.kind != Kind.SCRIPT and one.number in taken:
                one.number = free = free + 1
            gone = Fate.GONE if self.board.kind == Kind.BREAKDOWN else Fate.ASIDE
            self.made.scenes.append(SceneFate(one, gone))

    def scene(self, read: ReadScene, one: Scene | None, number: int) -> Scene:
        slug, fields = read.slug_line, dict(read.fields)
        if len(slug) > MOST_SLUG:
            put_field(fields, "Slug line", slug)
            slug = slug[: MOST_SLUG - 1] + "…"
            self.tell(read.line, gettext_noop("A slug line is too long to be shown whole; it is kept as a field."))
        if self.board.kind == Kind.SCRIPT:
            fields = {name + SCRIPT: value for name, value in fields.items()}
            if read.speeches:
                fields["Script"] = "\n\n".join(str(speech) for speech in read.speeches)
        if one is None:
            one = Scene(film=self.film, number=number, slug_line=slug, fields=fields)
            self.made.scenes.append(SceneFate(one, Fate.NEW))
            return one
        told = SceneFate(one, Fate.SAME)
        if self.board.kind == Kind.BREAKDOWN:
            fields |= {name: value for name, value in one.fields.items() if name == "Script" or name.endswith(SCRIPT)}
        else:
            fields = {**one.fields, **fields}
            slug = slug if self.board.kind == Kind.SHOT_LIST and slug else one.slug_line
        if slug != one.slug_line:
            told.changes.append(Difference("Slug line", one.slug_line, slug))
        told.changes += differences(one.fields, fields)
        told.fate = Fate.CHANGED if told.changes or number != one.number else Fate.SAME
        one.number, one.slug_line, one.fields = number, slug, fields
        self.made.scenes.append(told)
        return one

    def listed(self) -> None:
        """Shots of a storyboard, a shot list or an edit list."""
        found, by_order = match_shots(self.board, self.old)
        if by_order and self.old:
            self.tell(0, gettext_noop("No ids are known again; the shots were matched by their order."))
        scene_of = {
            id(read): row for told, row in zip(self.board.scenes, self.rows, strict=False) for read in told.shots
        }
        pieces: dict[int, list[ReadShot]] = {}
        for read, shot in zip(self.board.shots, found, strict=True):
            if shot is not None:
                pieces.setdefault(shot.pk, []).append(read)
            elif self.old and (
                self.board.kind == Kind.EDIT_LIST or not (read.code or self.board.kind == Kind.BREAKDOWN)
            ):
                self.tell(
                    read.line,
                    gettext_noop("“%(name)s” fits no shot of the film; its length was left out."),
                    name=(read.clip or read.description)[:80],
                )
            else:
                self.new(read, scene_of[id(read)])
                continue
            if shot is not None and len(pieces[shot.pk]) == 1:
                self.in_file.append(shot)
        for shot in self.old:
            if shot.pk in pieces:
                first = pieces[shot.pk][0]
                self.change(shot, pieces[shot.pk], scene_of.get(id(first)))
        known = [shot for shot in self.in_file if shot.pk]
        if self.board.kind != Kind.BREAKDOWN and known != sorted(known, key=lambda shot: shot.position):
            self.tell(0, gettext_noop("The file has the shots in another order; the film keeps its own."))

    def new(self, read: ReadShot, scene: Scene) -> None:
        code = read.code or f"S{scene.number:02}-{sum(one.shot.scene is scene for one in self.fates.values()) + 1:03}"
        code = free_code(code, self.codes)
        self.codes.add(code)
        fields = self.fields_of(read)
        shot = Shot(
            film=self.film,
            scene=scene,
            code=code,
            length_frames=read.frames or 1,
            estimated=read.frames is None,
            description=read.description or read.clip,
            dialogue=read.dialogue,
            fields=fields,
        )
        self.fates[id(shot)] = ShotFate(shot, Fate.NEW)
        self.in_file.append(shot)
        self.made.spread = True

    def fields_of(self, read: ReadShot) -> dict[str, str]:
        fields = dict(read.fields)
        if self.board.kind == Kind.EDIT_LIST:
            fields = {name + CUT: value for name, value in fields.items()}
        if self.board.kind == Kind.SCRIPT:
            fields["Script"] = paragraph_key(read)
        if read.clip:
            fields["Clip"] = read.clip
        return fields

    def change(self, shot: Shot, reads: Sequence[ReadShot], scene: Scene | None) -> None:
        told = self.fates[id(shot)] = ShotFate(shot, Fate.SAME)
        whole = self.board.kind in (Kind.BREAKDOWN, Kind.SCRIPT)
        first = reads[0]
        fields = self.fields_of(first)
        for other in reads[1:]:
            for name, value in self.fields_of(other).items():
                put_field(fields, name, value)
        if self.board.kind == Kind.EDIT_LIST:
            fields = {**{name: value for name, value in shot.fields.items() if CUT not in name}, **fields}
        elif self.board.kind == Kind.SHOT_LIST:
            fields = {**shot.fields, **fields}
        else:
            others = {
                name: value for name, value in shot.fields.items() if CUT in name or name in ("Clip", "Spoken by")
            }
            fields = {**fields, **others}
        told.changes += differences(shot.fields, fields)
        shot.fields = fields
        if self.board.kind != Kind.EDIT_LIST:
            for name, value in (("description", first.description), ("dialogue", first.dialogue)):
                if value or whole:
                    self.put(told, name, value)
        lengths = [read.frames for read in reads]
        if all(lengths):
            self.put_length(told, sum(frames for frames in lengths if frames))
        if scene is not None and scene.pk != shot.scene_id:
            told.changes.append(Difference("Scene", shot.scene.slug_line, scene.slug_line))
            shot.scene = scene
        told.fate = Fate.CHANGED if told.changes else Fate.SAME

    def put(self, told: ShotFate, name: str, value: str) -> None:
        now = getattr(told.shot, name)
        if now == value:
            return
        label = name.capitalize()
        if name in told.shot.edited:
            told.kept.append(Difference(label, now, value))
        else:
            told.changes.append(Difference(label, now, value))
            setattr(told.shot, name, value)

    def put_length(self, told: ShotFate, frames: int) -> None:
        shot = told.shot
        seconds = [f"{float(count / self.film.fps):.2f} s" for count in (shot.length_frames, frames)]
        if "length" in shot.edited:
            if frames != shot.length_frames:
                told.kept.append(Difference("Length", *seconds))
        elif frames != shot.length_frames or shot.estimated:
            told.changes.append(Difference("Length", *seconds))
            shot.length_frames, shot.estimated = frames, False

    def script(self) -> None:
        """Speeches of a script go to the scenes; where a scene has no shots, its paragraphs become some."""
        unheard = 0
        for read, row in zip(self.board.scenes, self.rows, strict=True):
            here = [shot for shot in self.old if shot.scene_id == row.pk] if row.pk else []
            if here and not all(is_of_script(shot) for shot in here):
                unheard += self.speakers(read, here)
                continue
            for one, shot in zip(read.shots, match_paragraphs(read, here), strict=True):
                if shot is None:
                    self.new(one, row)
                else:
                    self.change(shot, [one], row)
                    self.in_file.append(shot)
        if unheard:
            pattern = gettext_noop(
                "%(speeches)d speeches of the script stand in no shot; they are kept with their scenes."
            )
            self.tell(0, pattern, speeches=unheard)

    def speakers(self, read: ReadScene, shots: Sequence[Shot]) -> int:
        """Name who speaks in shots whose words stand in the script; returns how many speeches stand in none."""
        unheard = 0
        for shot in shots:
            names = dict.fromkeys(one.character for one in read.speeches if is_said_in(one, shot))
            fields = {**shot.fields, "Spoken by": ", ".join(names)} if names else shot.fields
            told = self.fates[id(shot)] = ShotFate(shot, Fate.SAME, differences(shot.fields, fields))
            told.fate = Fate.CHANGED if told.changes else Fate.SAME
            shot.fields = fields
        for one in read.speeches:
            unheard += not any(is_said_in(one, shot) for shot in shots)
        return unheard

    def gone(self) -> None:
        """Shots of the film that the file does not name."""
        missing = [shot for shot in self.old if id(shot) not in self.fates]
        scenes = {row.pk for row in self.rows if row.pk}
        for shot in missing:
            fate = Fate.REMOVED if self.remove else Fate.GONE
            if self.board.kind == Kind.SCRIPT:
                fate = fate if is_of_script(shot) and shot.scene_id in scenes else Fate.ASIDE
            elif self.board.kind == Kind.BREAKDOWN and is_of_script(shot) and not shot.edited:
                fate = Fate.REMOVED
            self.fates[id(shot)] = ShotFate(shot, fate)
        self.hold_cues()
        told = [one.shot.code for one in self.fates.values() if one.fate == Fate.GONE]
        if told:
            words = ", ".join(told[:20]) + (" …" if len(told) > 20 else "")
            pattern = gettext_noop("Not in the file, and kept: %(codes)s (%(count)d).")
            self.tell(0, pattern, codes=words, count=len(told))
        taken = [one.shot.code for one in self.fates.values() if one.fate == Fate.REMOVED]
        if taken:
            words = ", ".join(taken[:20]) + (" …" if len(taken) > 20 else "")
            self.tell(
                0, gettext_noop("Not in the file, and removed: %(codes)s (%(count)d)."), codes=words, count=len(taken)
            )

    def hold_cues(self) -> None:
        """A cue is never left without a picture: where all its shots would go, they stay."""
        by_key = {one.shot.pk: one for one in self.fates.values() if one.shot.pk}
        if not any(one.fate == Fate.REMOVED for one in by_key.values()):
            return
        for cue in self.film.cues.filter(IN_PLAN):
            under = [by_key[span.shot.pk] for span in shots_under(cue, self.made.before)]
            if under and all(one.fate == Fate.REMOVED for one in under):
                for one in under:
                    one.fate = Fate.GONE
                pattern = gettext_noop("%(codes)s stay although the file has them not: %(number)s lies on them alone.")
                self.tell(0, pattern, codes=", ".join(one.shot.code for one in under[:20]), number=cue.number)

    def order(self) -> None:
        mine, theirs = [id(shot) for shot in self.old], [id(shot) for shot in self.in_file]
        keys = in_order(theirs, mine) if self.board.kind == Kind.BREAKDOWN else in_order(mine, theirs)
        self.made.shots = [self.fates[key] for key in keys]
        for position, shot in enumerate(self.made.staying, start=1):
            shot.position = position

    def lengths(self) -> None:
        if not self.made.spread and not self.made.count(Fate.REMOVED):
            return
        self.made.spread = True
        if not estimate_lengths(film=self.film, shots=self.made.staying):
            pattern = gettext_noop(
                "The lengths that were typed or imported leave nothing of the runtime; the others are estimated alone."
            )
            self.tell(0, pattern)

    def stages(self) -> None:
        """The stages of the file in its order, then those that it does not name."""
        left = list(self.film.stages.all())
        used = set(self.film.cues.exclude(stage=None).values_list("stage", flat=True))
        named = []
        for name in self.board.stages:
            if len(name) > MOST_NAME:
                self.tell(0, gettext_noop("The stage “%(name)s” is too long; it was cut."), name=name)
                name = name[: MOST_NAME - 1] + "…"
            same = next((one for one in left if one.name.casefold() == name.casefold()), None)
            if same:
                left.remove(same)
            named.append(StageFate(same or ArcStage(film=self.film, name=name), Fate.SAME if same else Fate.NEW))
        for one in left:
            removed = self.remove and one.pk not in used
            named.append(StageFate(one, Fate.REMOVED if removed else Fate.GONE))
            if not removed:
                self.tell(0, gettext_noop("The stage %(name)s is not in the file, and stays."), name=one.name)
        for position, told in enumerate((told for told in named if told.fate != Fate.REMOVED), start=1):
            told.stage.position = position
            if told.fate == Fate.NEW:
                told.stage.colour = (position - 1) % 6 + 1
        self.made.stages = named
