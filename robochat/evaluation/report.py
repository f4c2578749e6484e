"""Writes what an evaluation found: JSON, a table for people, a picture, all answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
from typing import Any

from robochat.evaluation import photographs
from robochat.evaluation.rows import Graded, MEASURES, Score
from robochat.evaluation.run import Contest, costs, OURS

JSON_FILE, TABLE_FILE, PICTURE_FILE = 'evaluation.json', 'evaluation.md', 'evaluation.png'
ANSWERS_FILE = 'answers.jsonl'
DEAR = 0.20


def as_json(contest: Contest, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return all scores as plain values."""
    pictures = contest.photographs
    return {
        **about,
        'seconds': round(contest.seconds),
        'rows': [
            {
                'what': m.name,
                'bar': m.bar,
                'count': contest.table[OURS][m.name].count,
                'value': round(contest.table[OURS][m.name].share, 4),
                'ok': _holds(contest.table[OURS][m.name], m.bar),
                'others': {
                    name: round(table[m.name].share, 4)
                    for name, table in contest.table.items()
                    if name != OURS and table[m.name].count
                },
            }
            for m in MEASURES
        ],
        'costs': {
            name: {
                row: {'ours': round(a.share, 4), 'without': round(b.share, 4), 'count': b.count}
                for row, (a, b) in rows.items()
                if b.count
            }
            for name, rows in costs(contest).items()
        },
        **({'photographs': photographs.as_json(pictures)} if pictures else {}),
    }


def _holds(score: Score, bar: float | None) -> bool | None:
    """Tell whether a bar is reached; None without a bar or without answers."""
    return score.share >= bar if bar is not None and score.count else None


def write(contest: Contest, about: Mapping[str, Any], folder: Path) -> None:
    """Write everything into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    found = as_json(contest, about)
    (folder / JSON_FILE).write_text(json.dumps(found, indent=1) + '\n', encoding='utf-8')
    (folder / TABLE_FILE).write_text('\n'.join(table(found)) + '\n', encoding='utf-8')
    with (folder / ANSWERS_FILE).open('w', encoding='utf-8') as file:
        for name, graded in contest.answers.items():
            for answer in graded:
                file.write(json.dumps(_line(name, answer)) + '\n')
    draw(found, folder / PICTURE_FILE)


def table(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the tables in Markdown."""
    names = sorted({name for row in found['rows'] for name in row['others'] if ' LM' in name})
    yield f'| held out | answers | ours | bar | {" | ".join(names)} |'
    yield f'|---|---|---|---|{"---|" * len(names)}'
    for row in found['rows']:
        if row['count']:
            bar = '' if row['bar'] is None else f'{row["bar"]:.0%}'
            value = f'**{row["value"]:.1%}**' if row['ok'] is False else f'{row["value"]:.1%}'
            others = ' | '.join(_percent(row['others'].get(name)) for name in names)
            yield f'| {row["what"]} | {row["count"]} | {value} | {bar} | {others} |'
    yield ''
    yield '| what is taken away | row | answers | with | without | costs |'
    yield '|---|---|---|---|---|---|'
    for name, rows in found['costs'].items():
        for what, cost in rows.items():
            drop = (cost['ours'] - cost['without']) * 100
            yield (
                f'| {name} | {what} | {cost["count"]} | {cost["ours"]:.1%} | '
                f'{cost["without"]:.1%} | {drop:.0f} points |'
            )
    if 'photographs' in found:
        yield ''
        yield from photographs.section(found['photographs'])


def _percent(share: float | None) -> str:
    return '' if share is None else f'{share:.1%}'


def _line(name: str, graded: Graded) -> dict[str, Any]:
    """Write one answer down; everything in it comes from the simulator."""
    lesson = graded.lesson
    ask = ''.join(str(getattr(p, 'text', p)) for p in lesson.layout.ask)
    return {
        'contender': name,
        'row': lesson.row,
        'kind': lesson.kind,
        'asked': ask.partition('<|im_end|>')[0],
        'wanted': lesson.answer,
        'answer': graded.text,
        'good': graded.verdict.good,
        'seconds': round(graded.seconds, 2),
    }


def draw(found: Mapping[str, Any], path: Path) -> None:
    """Draw the rows as bars, with the bars to reach."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    rows = [row for row in found['rows'] if row['count']][::-1]
    figure, axes = pyplot.subplots(figsize=(8, 0.42 * len(rows) + 1), layout='constrained')
    bare = [next((v for n, v in r['others'].items() if ' LM' in n), 0.0) for r in rows]
    places = range(len(rows))
    axes.barh([p + 0.2 for p in places], [r['value'] for r in rows], 0.4, label='palm_e')
    if any(' LM' in name for row in rows for name in row['others']):
        label = 'zero-shot LM, state in words'
        axes.barh([p - 0.2 for p in places], bare, 0.4, label=label, color='0.75')
    for place, row in zip(places, rows, strict=True):
        if row['bar'] is not None:
            axes.plot([row['bar']] * 2, [place - 0.4, place + 0.4], color='black', linewidth=1.5)
    axes.set_yticks(list(places), [r['what'] for r in rows])
    axes.set_xlim(0, 1)
    axes.set_xlabel('share of right answers on held-out scenes; black: the bar to reach')
    axes.legend(loc='lower left')
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
