"""What a fork finds in its process: as much as a new interpreter would."""

from __future__ import annotations

from pathlib import Path

from forks import tried


def test_signals_logging_and_exits_of_the_parent_are_not_those_of_the_fork(tmp_path: Path) -> None:
    code, text = tried(
        tmp_path,
        """
        import atexit
        atexit.register(os.write, 2, b"the parent ends")
        logging.basicConfig(filename="parent.log", level=logging.DEBUG)
        logging.getLogger("loud").setLevel(logging.DEBUG)
        signal.signal(signal.SIGTERM, lambda *_: open("told", "w").close())
        def run():
            logging.getLogger("loud").info("left out, as in a new interpreter")
            logging.getLogger("loud").warning("careful")
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        print(json.dumps(printed(run)))
        """,
    )
    assert (code, text) == (-15, "careful\n")
    assert not (tmp_path / "told").exists()
    assert (tmp_path / "parent.log").read_text() == ""


def test_modules_of_the_user_are_loaded_anew(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text("WORD = 'old'\n")
    code, text = tried(
        tmp_path,
        """
        import parts
        with open("parts.py", "w") as file:
            file.write("WORD = 'new, and longer'\\n")
        def run():
            import parts
            print(parts.WORD, "json" in sys.modules, parts.__name__)
        found = printed(run)
        print(json.dumps([found, parts.WORD]))
        """,
    )[0]
    assert (code, text) == (0, "new, and longer True parts\n")


def test_hooks_limits_and_arguments_are_those_of_a_new_interpreter(tmp_path: Path) -> None:
    code, text = tried(
        tmp_path,
        """
        import warnings
        sys.argv.append("of the parent")
        sys.excepthook = sys.unraisablehook = print
        sys.setrecursionlimit(5000)
        warnings.simplefilter("error")
        logging.captureWarnings(True)
        logging.disable(logging.CRITICAL)
        logging.setLogRecordFactory(lambda *_, **__: None)
        def run():
            warnings.warn("shown", UserWarning)
            warnings.warn("left out", ImportWarning)
            logging.warning("logged")
            print(sys.argv, sys.getrecursionlimit(), sys.excepthook is sys.__excepthook__)
            print("script" in str(sys.modules["__main__"]), sys.stdin.read() == "")
        print(json.dumps(printed(run)))
        """,
    )
    assert code == 0
    assert "UserWarning: shown" in text
    assert "left out" not in text
    assert "WARNING:root:logged" in text
    assert "['-c'] 1000 True" in text
    assert "False True" in text


def test_random_numbers_of_two_forks_differ(tmp_path: Path) -> None:
    first, second = tried(
        tmp_path,
        """
        import random
        def run():
            print(random.random())
        print(json.dumps([printed(run)[1], printed(run)[1]]))
        """,
    )
    assert first != second


def test_a_fork_of_a_daemon_may_have_processes_of_its_own(tmp_path: Path) -> None:
    code, text = tried(
        tmp_path,
        """
        import locale, multiprocessing, socket
        def run():
            with multiprocessing.get_context("fork").Pool(2) as pool:
                print(sum(pool.map(abs, [-1, -2])), multiprocessing.parent_process())
            print(multiprocessing.get_start_method(allow_none=True), socket.getdefaulttimeout())
        def begin(end):
            multiprocessing.set_start_method("spawn", force=True)
            socket.setdefaulttimeout(5)
            end.send(printed(run))
        ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        context.Process(target=begin, args=(theirs,), daemon=True).start()
        print(json.dumps(ours.recv()))
        """,
    )
    assert (code, text.splitlines()) == (0, ["3 None", "None None"])
