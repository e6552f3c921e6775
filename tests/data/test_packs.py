"""Packs: policy files that an installed distribution brings, found by its entry points.

A pack here is what an installer leaves behind: a package, and its metadata beside it, in a folder or
a zip on the path of this process.
"""

import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import cptfacet
from cptfacet import policies
from cptfacet.errors import PolicyFileError, PolicyFilesError

PLAN = """\
id = "{id}"
title = "Example Health Plan"
payer = "Example Health Plan"
revised = 2026-03-01
extends = "{extends}"

[[provisions]]
key = "modifier.diagnostic"
value = "none"
confidence = "judgment"
rationale = "For the sake of the example."
"""
GROUP = "cptfacet.policies"

Install = Callable[..., Path]


def plan(policy_id: str, extends: str = "cpt") -> str:
    """Write a sound policy file."""
    return PLAN.format(id=policy_id, extends=extends)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Leave a distribution on the path, each in a folder of its own."""

    def make(
        name: str,
        files: dict[str, str] | None = None,
        *,
        value: str | None = None,
        group: str = GROUP,
        init: str | None = "",
        zipped: bool = False,
    ) -> Path:
        package = name.replace("-", "_")
        listed = {f"{package}/{file}": text for file, text in (files or {}).items()}
        if init is not None:
            listed[f"{package}/__init__.py"] = init
        info = f"{package}-1.0.dist-info"
        listed[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        listed[f"{info}/entry_points.txt"] = f"[{group}]\n{name} = {value or package}\n"
        place = tmp_path / (f"{name}.zip" if zipped else name)
        if zipped:
            with zipfile.ZipFile(place, "w") as archive:
                for path, text in listed.items():
                    archive.writestr(path, text)
        else:
            for path, text in listed.items():
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(place)
        return place

    return make


def refusal() -> PolicyFilesError:
    """Look for packs and give the error that is raised."""
    with pytest.raises(PolicyFilesError) as caught:
        policies.discover_policies()
    return caught.value


def told(error: PolicyFileError) -> tuple[str, str, list[str]]:
    """Return the pack, the file and the places of the problems of an error."""
    return error.pack, error.file, [problem.path for problem in error.problems]


class TestFound:
    """Policies of others come by data-only entry points, loaded strictly (docs/design.md)."""

    def test_without_packs_there_is_none(self) -> None:
        assert not policies.discover_policies()

    def test_the_facade_has_it(self) -> None:
        assert cptfacet.policies.discover_policies is policies.discover_policies

    def test_the_policies_of_all_packs_by_their_ids(self, install: Install) -> None:
        install("zebra", {"plan.toml": plan("alpha"), "read-me.txt": "no policy"})
        install("acme-plans", {"a.toml": plan("zulu", "medicare"), "b.toml": plan("mike")})

        found = policies.discover_policies()

        assert list(found) == ["alpha", "mike", "zulu"]
        assert {name: policy.id for name, policy in found.items()} == {n: n for n in found}
        assert found["zulu"].extends is policies.get("medicare")

    def test_packs_extend_each_other(self, install: Install) -> None:
        install("one", {"plan.toml": plan("first", "second"), "last.toml": plan("third")})
        install("two", {"plan.toml": plan("second", "third")})

        found = policies.discover_policies()

        assert [p.id for p in found["first"].lineage()] == ["first", "second", "third", "cpt"]
        assert found["first"].extends is found["second"]

    @pytest.mark.parametrize(
        ("zipped", "init"),
        [(False, ""), (False, None), (True, "")],
        ids=["folder", "folder-without-init", "zip"],
    )
    def test_from_a_folder_or_a_zip(
        self, install: Install, *, zipped: bool, init: str | None
    ) -> None:
        install("pack", {"plan.toml": plan("alpha")}, init=init, zipped=zipped)

        assert list(policies.discover_policies()) == ["alpha"]

    def test_a_folder_within_a_package(self, install: Install) -> None:
        install("pack", {"plans/plan.toml": plan("alpha")}, value="pack.plans")
        install("deep", {"in/plan.toml": plan("unseen"), "plan.toml": plan("beta")})

        assert list(policies.discover_policies()) == ["alpha", "beta"]

    def test_nothing_of_a_pack_is_run(self, install: Install) -> None:
        install("pack", {"plans/plan.toml": plan("alpha")}, value="pack.plans", init="1 / 0")
        install("flat", {"plan.toml": plan("beta")}, init="raise SystemExit")

        assert list(policies.discover_policies()) == ["alpha", "beta"]
        assert not {"pack", "flat"} & set(sys.modules)

    def test_other_groups_are_not_looked_at(self, install: Install) -> None:
        install("pack", {"plan.toml": plan("alpha")}, group="console_scripts")

        assert not policies.discover_policies()

    def test_two_entry_points_for_one_package_are_one(self, install: Install) -> None:
        place = install("pack", {"plan.toml": plan("alpha")})
        entries = place / "pack-1.0.dist-info" / "entry_points.txt"
        entries.write_text(f"[{GROUP}]\na = pack\nb = pack\n", encoding="utf-8")

        assert list(policies.discover_policies()) == ["alpha"]


class TestPure:
    """What is found depends on what is installed and on nothing that was asked before."""

    def test_nothing_is_kept(self, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
        first = install("first", {"plan.toml": plan("alpha")})
        assert list(policies.discover_policies()) == ["alpha"]
        install("second", {"plan.toml": plan("beta")})
        assert list(policies.discover_policies()) == ["alpha", "beta"]
        (first / "first" / "plan.toml").write_text(plan("gamma"), encoding="utf-8")
        assert list(policies.discover_policies()) == ["beta", "gamma"]
        monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(first)])
        assert list(policies.discover_policies()) == ["beta"]

    def test_nothing_is_registered(self, install: Install) -> None:
        known = policies.ids()
        install("pack", {"plan.toml": plan("alpha")})

        policies.discover_policies()

        assert policies.ids() == known
        with pytest.raises(LookupError):
            policies.get("alpha")

    def test_two_looks_are_equal(self, install: Install) -> None:
        install("pack", {"plan.toml": plan("alpha"), "more.toml": plan("beta", "alpha")})

        once, again = policies.discover_policies(), policies.discover_policies()

        assert once == again
        assert pickle.loads(pickle.dumps(dict(once))) == again  # noqa: S301  our own bytes

    def test_what_was_found_does_not_change(self, install: Install) -> None:
        install("pack", {"plan.toml": plan("alpha")})
        found: Any = policies.discover_policies()

        with pytest.raises(TypeError):
            found["beta"] = found["alpha"]


class TestRefused:
    """A clash of names is an error; all problems of all packs are told, with pack and file."""

    def test_two_packs_with_one_id(self, install: Install) -> None:
        install("one", {"plan.toml": plan("alpha")})
        install("two", {"plan.toml": plan("alpha")})

        error = refusal()

        assert [told(file) for file in error.files] == [
            ("one", "plan.toml", ["id"]),
            ("two", "plan.toml", ["id"]),
        ]
        assert (
            "policy file plan.toml of the pack one can't be used:\n"
            "  line 1: id: 'alpha' is also the id of plan.toml of the pack two; choose another"
        ) in str(error)

    def test_two_packs_that_name_one_package(self, install: Install) -> None:
        install("one", {"plan.toml": plan("alpha")})
        install("two", value="one")

        assert [told(file)[:2] for file in refusal().files] == [
            ("one", "plan.toml"),
            ("two", "plan.toml"),
        ]

    def test_the_id_of_a_packaged_policy(self, install: Install) -> None:
        install("one", {"plan.toml": plan("medicare")})

        (file,) = refusal().files

        assert told(file) == ("one", "plan.toml", ["id"])
        assert "'medicare' is the id of a packaged policy" in str(file)

    def test_a_pack_without_a_file(self, install: Install) -> None:
        install("empty", {"plan.txt": plan("alpha"), "deeper/plan.toml": plan("alpha")})

        (file,) = refusal().files

        assert told(file) == ("empty", "", [f"entry point {GROUP}"])
        assert str(file) == (
            "the pack empty can't be used:\n  entry point cptfacet.policies: 'empty' has no policy"
            " file; name a package with *.toml files"
        )

    @pytest.mark.parametrize(
        "value",
        [
            "nowhere",
            "pack.nowhere",
            "pack.plan",
            "nowhere.plans",
            "pack:plans",
            "pack [extra]",
            "pack/plans",
            "pack..plans",
            ".pack",
            "sys",
            "this",
        ],
    )
    def test_a_value_that_names_no_package(self, install: Install, value: str) -> None:
        install("pack", {"plan.toml": plan("alpha")}, value=value)

        (file,) = refusal().files

        assert told(file) == ("pack", "", [f"entry point {GROUP}"])
        assert f"{value!r} is not a package; name a package" in str(file)

    def test_a_value_that_names_a_running_script(
        self, install: Install, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A module that was not imported, as the script that runs, says not where it is."""
        monkeypatch.setitem(sys.modules, "script", ModuleType("script"))
        install("pack", {"plan.toml": plan("alpha")}, value="script")

        assert [told(file)[0] for file in refusal().files] == ["pack"]

    def test_a_broken_file(self, install: Install) -> None:
        install("pack", {"plan.toml": plan("alpha"), "broken.toml": plan("Beta", "alpha")})

        (file,) = refusal().files

        assert told(file) == ("pack", "broken.toml", ["id"])
        assert file.problems[0].line == 1

    def test_packs_that_extend_each_other_in_a_circle(self, install: Install) -> None:
        install("one", {"plan.toml": plan("alpha", "beta")})
        install("two", {"plan.toml": plan("beta", "alpha")})

        assert [(file.pack, file.problems[0].line) for file in refusal().files] == [
            ("one", 5),
            ("two", 5),
        ]

    def test_all_problems_of_all_packs_in_one_error(self, install: Install) -> None:
        install("a", {"x.toml": plan("alpha", "omega"), "y.toml": "no policy"})
        install("b", {"plan.toml": plan("cpt", "cpt")})
        install("c", value="nowhere")
        install("d")
        install("e", {"plan.toml": plan("epsilon")})

        error = refusal()

        assert sorted(map(told, error.files)) == [
            ("a", "x.toml", ["extends"]),
            ("a", "y.toml", ["file"]),
            ("b", "plan.toml", ["extends", "id"][::-1]),
            ("c", "", [f"entry point {GROUP}"]),
            ("d", "", [f"entry point {GROUP}"]),
        ]
        assert pickle.loads(pickle.dumps(error)) == error  # noqa: S301  our own bytes
