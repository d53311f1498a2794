package proteus.vmm;

import proteus.api.io.CharacterBackend;

/**
 * One console behind two devices: the serial port that every PC has, and the console device of a technique that brings a better
 * one. Output of both appears. Input goes to the serial port until the guest's driver asks the other device for it.
 */
final class SharedConsole {
    private final CharacterBackend console;
    private boolean driven;

    SharedConsole(CharacterBackend console) {
        this.console = console;
    }

    /** The technique's own end; to be connected first, so that it is the first to hear of input. */
    CharacterBackend device() {
        return new End() {
            @Override
            public boolean inputAvailable() {
                driven = true;
                return console.inputAvailable();
            }

            @Override
            public int input() {
                return console.input();
            }
        };
    }

    /** The serial port's end. */
    CharacterBackend serial() {
        return new End() {
            @Override
            public boolean inputAvailable() {
                return !driven && console.inputAvailable();
            }

            @Override
            public int input() {
                return driven ? -1 : console.input();
            }
        };
    }

    /** What both ends have in common. */
    private abstract class End implements CharacterBackend {
        @Override
        public void output(int value) {
            console.output(value);
        }

        @Override
        public void onInput(Runnable listener) {
            console.onInput(listener);
        }
    }
}
