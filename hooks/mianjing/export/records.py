"""目录 → 公开的记录：一种一个函数，键与次序同 `shapes.py`。「未提及」写 `unknown`，从不略去。"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mianjing import catalog as group
from mianjing.claims import area_of, cited_by, find_citations
from mianjing.markdown import read_parts
from mianjing.model import (
    Asked,
    Catalog,
    Claim,
    Exercise,
    Experience,
    NotAsked,
    Provenance,
    Question,
    Round,
    Source,
    Topic,
)
from mianjing.vocabulary import UNKNOWN

Record = dict[str, Any]


def make_records(kind: str, catalog: Catalog, site_url: str) -> list[Record]:
    """一种记录的全部，按键排序，与站上的次序无关。"""
    records = _MAKERS[kind](catalog, site_url)
    return sorted(records, key=lambda record: str(record["key"]))


def make_provenance(provenance: Provenance) -> Record:
    """一条出处。"""
    return {
        "key": provenance.key,
        "title": provenance.title,
        "author": provenance.author or UNKNOWN,
        "url": provenance.url or UNKNOWN,
        "retrieved": provenance.retrieved or UNKNOWN,
        "licence": provenance.licence or UNKNOWN,
        "note": provenance.note,
    }


def _experience(one: Experience, catalog: Catalog, site_url: str) -> Record:
    company = catalog.companies[one.company]
    return {
        "key": one.key,
        "url": f"{site_url}experiences/{one.key}/",
        "title": one.title,
        "company": company.key,
        "company_name": company.name,
        "company_kind": company.kind,
        "team": one.team or UNKNOWN,
        "period": {
            "from": one.period.start or UNKNOWN,
            "to": one.period.end or UNKNOWN,
            "precision": one.period.precision,
        },
        "order": one.order,
        "role": one.role or UNKNOWN,
        "channel": one.channel,
        "outcome": one.outcome,
        "stage_reached": one.stage_reached,
        "round_count": {
            "min": UNKNOWN if one.rounds_min is None else one.rounds_min,
            "max": UNKNOWN if one.rounds_max is None else one.rounds_max,
        },
        "rounds": [_round(r) for r in one.rounds],
        "not_asked": [_not_asked(n) for n in one.not_asked],
        "requirements": [
            {"kind": r.kind, "value": r.value, "anchor": r.anchor} for r in one.requirements
        ],
        "pay": {"kind": one.pay.kind, "text": one.pay.text} if one.pay else UNKNOWN,
        "reason": one.reason or UNKNOWN,
        "impression": one.impression or UNKNOWN,
        "source": one.source,
        "contributed_by": one.contributed_by,
        "body": one.body.strip("\n"),
    }


def _round(one: Round) -> Record:
    return {
        "index": one.index,
        "name": one.name or UNKNOWN,
        "kind": one.kind,
        "interviewer_role": one.interviewer_role or UNKNOWN,
        "minutes": one.minutes or UNKNOWN,
        "notes": one.notes,
        "asked": [_asked(a) for a in one.asked],
        "not_asked": [_not_asked(n) for n in one.not_asked],
    }


def _asked(one: Asked) -> Record:
    return {
        "topic": one.topic,
        "form": one.form,
        "detail": one.detail,
        "question": one.question,
        "answered": one.answered,
        "anchor": one.anchor,
    }


def _not_asked(one: NotAsked) -> Record:
    return {"topic": one.topic, "form": one.form, "detail": one.detail, "anchor": one.anchor}


def _question(one: Question, catalog: Catalog, site_url: str) -> Record:
    brief, full, derivation, follow_ups, mistakes = read_parts(one.body).values()
    return {
        "key": one.key,
        "url": f"{site_url}questions/{one.key}/",
        "title": one.title,
        "topic": one.topic,
        "topic_title": catalog.topics[one.topic].title,
        "aliases": list(one.aliases),
        "level": one.level,
        "origin": one.origin,
        "asked_by": _keys(group.group_question_mentions(catalog, one.key)),
        "claims": _claims(one),
        "brief": brief,
        "full": full,
        "derivation": derivation,
        "follow_ups": follow_ups,
        "mistakes": mistakes,
        "sources": _sources(one.sources),
    }


def _topic(one: Topic, catalog: Catalog, site_url: str) -> Record:
    return {
        "key": one.key,
        "url": f"{site_url}topics/{one.key}/",
        "title": one.title,
        "aliases": list(one.aliases),
        "rank": one.rank,
        "part_of": one.part_of,
        "prerequisites": list(one.prerequisites),
        "asked_by": _keys(group.group_topic_mentions(catalog, one.key)),
        "claims": _claims(one),
        "sources": _sources(one.sources),
        "body": one.body.strip("\n"),
    }


def _exercise(one: Exercise, catalog: Catalog, site_url: str) -> Record:
    return {
        "key": one.key,
        "url": f"{site_url}practice/{one.key}/",
        "title": one.title,
        "topic": one.topic,
        "aliases": list(one.aliases),
        "level": one.level,
        "questions": list(one.questions),
        "spelling": one.spelling,
        "body": one.body.strip("\n"),
        "starter": one.starter,
        "reference": one.reference,
        "mutants": [{"id": m.id, "old": m.old, "new": m.new, "why": m.why} for m in one.mutants],
    }


def _claims_of(catalog: Catalog, site_url: str) -> list[Record]:
    pages = cited_by(catalog)
    return [_claim(one, pages[one.key], site_url) for one in catalog.claims.values()]


def _claim(one: Claim, pages: list[Topic | Question], site_url: str) -> Record:
    computation = one.computation
    return {
        "key": one.key,
        "url": f"{site_url}claims/{area_of(one)}/#{one.key}",
        "area": area_of(one),
        "statement": one.statement,
        "status": one.status,
        "value": one.value,
        "computation": computation
        and {"function": computation.function, "arguments": dict(computation.arguments)},
        "checked": one.checked,
        "cited_by": sorted(f"{site_url}{_page(page)}" for page in pages),
        "sources": _sources(one.sources),
    }


def _page(record: Topic | Question) -> str:
    return f"{record.path.removeprefix('docs/').removesuffix('.md')}/"


def _sources(sources: tuple[Source, ...]) -> list[Record]:
    return [{"title": s.title, "url": s.url, "where": s.where} for s in sources]


def _claims(page: Topic | Question) -> list[str]:
    return sorted({key for _, key in find_citations(page)})


def _keys(mentions: tuple[group.Mention, ...]) -> list[str]:
    return sorted(mention.experience.key for mention in mentions)


_MAKERS: dict[str, Callable[[Catalog, str], list[Record]]] = {
    "experiences": lambda c, url: [_experience(e, c, url) for e in c.experiences.values()],
    "questions": lambda c, url: [_question(q, c, url) for q in c.questions.values()],
    "topics": lambda c, url: [_topic(t, c, url) for t in c.topics.values()],
    "exercises": lambda c, url: [_exercise(e, c, url) for e in c.exercises.values()],
    "claims": _claims_of,
}
