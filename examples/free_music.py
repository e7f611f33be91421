"""A hundred free songs to try affetto on: the music of games, from Debian's archive.

    python examples/free_music.py ~/Music

Needs Debian or Ubuntu (apt-get and dpkg-deb) and 430 MB; nothing is installed. The songs are free
under the licenses that their packages name. They are sorted into folders of artist and album.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import mutagen

GAMES = {
    "wesnoth-1.16-music": "The Battle for Wesnoth",
    "warzone2100-music": "Warzone 2100",
    "singularity-music": "Endgame Singularity",
    "hyperrogue-music": "HyperRogue",
    "planetblupi-music-ogg": "Planet Blupi",
    "asc-music": "Advanced Strategic Command",
}
SUFFIXES = {".ogg", ".mp3", ".opus"}


def folder_name(text: str) -> str:
    return re.sub(r"[/\0:]", "_", text).strip() or "unknown"


def place(song: Path, game: str, music: Path) -> Path:
    """Give where a song belongs, by its tags, else by the game."""
    file = mutagen.File(song, easy=True)
    tags = {} if file is None or file.tags is None else file.tags
    names = [(tags.get(name) or [game])[0] for name in ("artist", "album")]
    return music.joinpath(*map(folder_name, names), song.name)


def main() -> None:
    music = Path(sys.argv[1]).expanduser()
    n_songs = 0
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        subprocess.run(["apt-get", "download", *GAMES], cwd=work, check=True)
        for package, game in GAMES.items():
            (archive,) = work.glob(f"{package}_*.deb")
            subprocess.run(["dpkg-deb", "-x", archive, work / package], check=True)
            for song in sorted((work / package).rglob("*")):
                is_music = song.suffix.lower() in SUFFIXES and "music" in song.parts
                if not is_music or not song.is_file():  # the rest are noises of the games
                    continue
                target = place(song, game, music)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(song, target)
                n_songs += 1
    print(f"{n_songs} songs in {music}")


if __name__ == "__main__":
    main()
