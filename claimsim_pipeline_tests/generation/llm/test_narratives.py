from __future__ import annotations

import pytest

from claimsim_pipeline.generation.llm.narrative_check import NarrativeCheck, Row
from claimsim_pipeline.generation.llm.request import Requests
from claimsim_pipeline.generation.llm.settle import Settler
from claimsim_pipeline.generation.mutator import mutate
from claimsim_pipeline_tests.generation.llm.conftest import MODEL, World

LABEL = "Type 2 diabetes mellitus"
CHECK = NarrativeCheck({LABEL: "E11", "Asthma, unspecified": "J45", "Pneumonia": "J18"})
ROW = Row(LABEL, ("E11", "E119", "I10"), False, 3, (4_250_000, 4_250_000), "RS Sehat 2")
SAID = f"Pasien dirawat inap dengan {LABEL}"


@pytest.mark.parametrize(
    "text",
    [
        f"{SAID} selama 3 hari.",
        f"{SAID} selama tiga hari. Pasien pulang membaik.",
        f"{SAID} di RS Sehat 2. Biaya Rp4.250.000.",
        f"{SAID} (E11.9), dengan hipertensi (I10).",
        "Diagnosis E11, pasien dirawat dan pulang membaik.",
        f"Peserta BPJS Kesehatan masuk IGD. {SAID}: Kondisi stabil pada hari perawatan.",
    ],
)
def test_what_agrees_with_the_row_may_stand(text: str) -> None:
    assert CHECK.problem(text, ROW) == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Pasien.", "length"),
        (f"{SAID}. " + "x" * 700, "length"),
        (f"{SAID}\x00 dan pulang.", "control_characters"),
        ("Pasien dirawat dan pulang membaik.", "diagnosis_missing"),
        (f"{SAID} <b>membaik</b>.", "markup"),
        (f"{SAID} **membaik**.", "markup"),
        (f"{SAID}; DROP TABLE x; --", "markup"),
        (f"{SAID}, klaim fiktif.", "betrayal"),
        (f"{SAID}, dugaan kecurangan.", "betrayal"),
        (f"{SAID}, tagihan dimanipulasi.", "betrayal"),
        (f"{SAID} bernama Budi.", "person"),
        (f"{SAID}, Tn. Budi.", "person"),
        (f"{SAID} di rawat jalan.", "service"),
        (f"{SAID} selama 5 hari.", "los"),
        (f"{SAID} selama lima hari.", "los"),
        (f"{SAID}, biaya Rp4.300.000.", "number"),
        (f"{SAID}, usia 45 tahun.", "number"),
        (f"{SAID}, NIK 3201010101010001.", "person"),
        (f"{SAID} dan Asthma, unspecified.", "diagnosis"),
        (f"{SAID} dan pneumonia berat.", "diagnosis"),
        (f"{SAID} serta J45.", "number"),
        (f"{SAID} selama dua minggu.", "los"),
        (f"{SAID} selama sebulan.", "los"),
        (f"{SAID} selama seratus hari.", "los"),
        (f"{SAID} selama tiga setengah hari.", "los"),
        (f"{SAID} dan pulang pada hari kelima.", "los"),
        (f"{SAID} dan pulang pada hari yang sama.", "los"),
        (f"{SAID}, biaya dua juta rupiah.", "number"),
        (f"{SAID}, tagihan dibayar sebagian.", "number"),
        (f"{SAID} atas Siti Aminah.", "person"),
        (f"{SAID}. Budi Santoso pulang membaik.", "person"),
        (f"{SAID} oleh dokter Hartono.", "person"),
        (f"{SAID} di RS Lain Jaya.", "person"),
        (f"{SAID}, berkas dipalsukan.", "betrayal"),
        (f"{SAID}, duplikasi berkas.", "betrayal"),
        (f"{SAID}, penggelembungan tarif.", "betrayal"),
        (f"{SAID}, klaim ditagih dua kali.", "betrayal"),
        (f"{SAID}, fra\u00adud.", "control_characters"),
        (f"{SAID}, fr\u0430ud.", "control_characters"),
        (f"{SAID}, \uff46\uff52\uff41\uff55\uff44.", "control_characters"),
        (f"{SAID} dan serangan jantung.", "diagnosis"),
    ],
)
def test_what_contradicts_betrays_or_names_somebody_may_not(text: str, problem: str) -> None:
    assert CHECK.problem(text, ROW) == problem


def test_the_offline_narratives_pass_too(world: World) -> None:
    briefs = world.briefs(400)
    texts = Requests(briefs, world.reference, MODEL).texts
    settler = Settler(briefs, world.reference, texts, model=MODEL, fallback=None)
    drafts = mutate(briefs, world.reference)
    again = settler._narrated(drafts, briefs)
    assert (again["narrative"] == drafts["narrative"]).mean() > 0.99
