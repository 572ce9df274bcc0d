"""The arrows of import: who may know whom.

reference, scenarios, compliance.pii    nothing of ours
loadtests    scenarios (sim/ also reference)
compliance   scenarios
reports      scenarios, compliance
queueproof   all
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "reference",
    "scenarios",
    "loadtests",
    "compliance",
    "reports",
    "queueproof",
    "benchmarks",
}
# The longest matching part wins: compliance.pii has a rule of its own.
ALLOWED = {
    "reference": {"reference"},
    "scenarios": {"scenarios"},
    "loadtests": {"loadtests", "scenarios"},
    "loadtests.sim": {"loadtests", "scenarios", "reference"},
    "compliance": {"compliance", "scenarios"},
    "compliance.pii": {"compliance.pii"},
    "reports": {"reports", "scenarios", "compliance"},
    "queueproof": PACKAGES - {"benchmarks"},
    "benchmarks": PACKAGES,
}


def is_within(module, package):
    return module == package or module.startswith(package + ".")


def allowed_for(module):
    return ALLOWED[max((part for part in ALLOWED if is_within(module, part)), key=len)]


def imports(source):
    """(line, module) of every import of ours."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide the arrows"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] in PACKAGES:
                yield node.lineno, name


def offences(module, source):
    return [
        f"{module}:{line} imports {name}; allowed: {', '.join(sorted(allowed_for(module)))}"
        for line, name in imports(source)
        if not any(is_within(name, package) for package in allowed_for(module))
    ]


def test_imports_follow_the_arrows():
    found = []
    for package in sorted(PACKAGES):
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found += offences(module, path.read_text())
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("reference.api.app", "from scenarios import evidence"),
        ("scenarios.model", "import compliance"),
        ("loadtests.live", "from reference.clock import Clock"),
        ("compliance.judge", "import loadtests.live"),
        ("compliance.pii.scanner", "from compliance.verdict import Outcome"),
        ("reports.view", "import reference.domain"),
        ("queueproof.cli", "from benchmarks import catalog"),
    ],
)
def test_an_import_against_the_arrows_is_found(module, source):
    assert offences(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("loadtests.sim.engine", "from reference.clock import VirtualClock"),
        ("compliance.pii.scanner", "from compliance.pii import forms"),
        ("queueproof.cli", "import reference, reports"),
    ],
)
def test_an_import_along_the_arrows_is_not_flagged(module, source):
    assert not offences(module, source)
