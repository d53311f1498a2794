package proteus.qtest.machine;

import proteus.api.io.CharacterBackend;

/** A line without anybody at its far end. */
final class NullCharacters implements CharacterBackend {
    @Override
    public void output(int value) {
        // Nobody hears it.
    }

    @Override
    public int input() {
        return -1;
    }

    @Override
    public boolean inputAvailable() {
        return false;
    }

    @Override
    public void onInput(Runnable listener) {
        // Nothing will come.
    }
}
