"""JupyterLab in a real browser: a notebook is opened, run whole, and its chart with Chinese labels stands on the page."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import demohome
import matplotlib.image
import numpy as np
import pytest

from kamen_analysis.charts import style

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-dev-shm-usage"]
NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
BOOK = "03_拒退理由"
QUIET = ("--ServerApp.open_browser=False", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
         "--LabApp.extension_manager=readonly", "--allow-root", "--ip=127.0.0.1")
NO_NEWS = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
READY_S, RUN_S = 60, 120
pytestmark = pytest.mark.slow


def free_port() -> int:
    """Return a port of the loopback address nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on a copy of the notebooks; yields the address of the notebook with its token."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    folder, port, token = tmp_path_factory.mktemp("lab"), free_port(), secrets.token_hex(16)
    shutil.copytree(NOTEBOOKS, folder / "notebooks")
    (folder / "config" / "labconfig").mkdir(parents=True)
    (folder / "config" / "labconfig" / "page_config.json").write_text(json.dumps(NO_NEWS))
    env = {**os.environ, "KAMEN_HOME": str(demohome.made()), "JUPYTER_CONFIG_DIR": str(folder / "config"), "HOME": str(folder),
           "IPYTHONDIR": str(folder / "ipython"), "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    command = [sys.executable, "-m", "jupyterlab", *QUIET, f"--port={port}", "--ServerApp.port_retries=0",
               f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder / 'notebooks'}"]
    log = (folder / "lab.log").open("w")
    server = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(f"http://127.0.0.1:{port}/api/status?token={token}", '"started"')
        yield f"http://127.0.0.1:{port}/lab/tree/{quote(BOOK)}.ipynb?token={token}"
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def _wait(address: str, word: str) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if word in answer.read().decode():
                    return
        except OSError:
            pass  # not listening yet
        time.sleep(0.3)
    pytest.fail(f"no {word} from {address.partition('?')[0]} within {READY_S} s")


@pytest.fixture(scope="module")
def tab(lab: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, list[str]]]:
    """The notebook opened and run whole: the tab, and the addresses it asked for. The browser is given the charts' own Chinese font."""
    from playwright.sync_api import sync_playwright

    fonts = tmp_path_factory.mktemp("fonts") / "fonts.conf"
    fonts.write_text(f"<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig><dir>{style.fonts()[0].parent}</dir>"
                     f"<dir>/usr/share/fonts</dir><cachedir>{fonts.parent}</cachedir></fontconfig>", encoding="utf-8")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGS, env={**os.environ, "FONTCONFIG_FILE": str(fonts)})
        shown, asked = browser.new_page(viewport={"width": 1400, "height": 1800}), []
        shown.on("request", lambda request: asked.append(request.url))
        shown.goto(lab)
        shown.wait_for_selector(".jp-Notebook .jp-Cell", timeout=READY_S * 1000)
        # Cells run before the kernel is there would end in a question which kernel to take.
        _wait(re.sub(r"/lab/tree/[^?]*", "/api/kernels", lab), '"execution_state": "idle"')
        shown.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=READY_S * 1000)
        shown.get_by_role("menuitem", name="Run", exact=True).click()
        shown.get_by_role("menuitem", name=re.compile("^Run All Cells")).click()
        yield shown, asked
        browser.close()


def test_the_chart_is_shown_with_its_chinese_labels(tab: tuple[Any, list[str]]) -> None:
    """Run whole in JupyterLab, the notebook shows its charts as pictures and the finding in Chinese, and no cell has failed or warned."""
    shown = tab[0]
    shown.wait_for_function("document.querySelectorAll('.jp-OutputArea-output img').length > 0", timeout=RUN_S * 1000)
    shown.get_by_text(re.compile("^投诉反映的拒退理由以“")).first.wait_for(timeout=RUN_S * 1000)
    shown.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=RUN_S * 1000)
    assert shown.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert shown.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']").count() == 0
    picture = shown.locator(".jp-OutputArea-output img").first
    picture.scroll_into_view_if_needed()
    width, height = picture.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert width > 600 and height > 300
    shown.screenshot(path=os.environ.get("KAMEN_LAB_SHOT"))


def test_no_label_is_an_empty_box(tab: tuple[Any, list[str]]) -> None:
    """The reasons' names on the picture are glyphs, not the box that stands for a missing one: no name looks like a row of boxes."""
    source = tab[0].locator(".jp-OutputArea-output img").first.get_attribute("src")
    ink = matplotlib.image.imread(io.BytesIO(base64.b64decode(source.partition("base64,")[2])), format="png")[..., :3].mean(axis=2) < 0.5
    # Between the left edge and the axis stand the names, one a line of ink.
    rows = np.flatnonzero(ink[:, : ink.shape[1] // 7].any(axis=1))
    lines = [band for band in np.split(rows, np.flatnonzero(np.diff(rows) > 3) + 1) if 6 <= len(band) <= 24]
    names = {ink[band[0]: band[-1] + 1, : ink.shape[1] // 7].tobytes() for band in lines}
    assert len(lines) >= 8 and len(names) == len(lines)


def test_nothing_outside_is_asked(tab: tuple[Any, list[str]]) -> None:
    """Opening and running the notebook asks nothing of any host but this machine."""
    hosts = {re.sub(r"^\w+://([^/:]+).*$", r"\1", url) for url in tab[1] if "://" in url}
    assert hosts == {"127.0.0.1"}
