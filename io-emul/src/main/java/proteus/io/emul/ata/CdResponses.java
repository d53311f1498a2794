package proteus.io.emul.ata;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** What a drive with one finished disc, of one data track, or without any says of itself and the disc (SPC-2, MMC-3). Numbers are big-endian. */
final class CdResponses {
    /** More blocks than any CD has: it is a DVD. */
    private static final long CD_BLOCKS_MOST = 80 * 60 * 75;

    private static final int PROFILE_NONE = 0;
    private static final int PROFILE_CD = 0x0008;
    private static final int PROFILE_DVD = 0x0010;
    /** Q channel: a data track, copying permitted or not. */
    private static final int DATA_TRACK = 0x14;
    private static final int LEAD_OUT = 0xaa;
    /** Blocks before logical block 0, in minutes, seconds and frames. */
    private static final int LEAD_IN = 150;

    private static final int PAGE_ERROR_RECOVERY = 0x01;
    private static final int PAGE_CAPABILITIES = 0x2a;
    private static final int PAGE_ALL = 0x3f;
    private static final int FEATURES = 3;

    private CdResponses() {}

    /** INQUIRY (SPC-2, 7.3): a CD/DVD device with a removable medium. */
    static byte[] inquiry() {
        ByteBuffer answer = ByteBuffer.allocate(36);
        // Removable; of no version; ATAPI response format 2 with transport version 2; 31 bytes follow the fifth.
        answer.put((byte) 0x05).put((byte) 0x80).put((byte) 0x00).put((byte) 0x21).put((byte) 31).position(8);
        return answer.put("PROTEUS Proteus CD-ROM   1.0 ".getBytes(StandardCharsets.US_ASCII), 0, 28).array();
    }

    /** REQUEST SENSE (SPC-2, 7.20): fixed format. */
    static byte[] sense(Sense sense) {
        byte[] answer = new byte[18];
        answer[0] = 0x70;
        answer[2] = (byte) sense.key;
        answer[7] = 10;
        answer[12] = (byte) sense.code;
        answer[13] = (byte) sense.qualifier;
        return answer;
    }

    /** READ CAPACITY (MMC-3, 5.17). */
    static byte[] capacity(long blocks) {
        return ByteBuffer.allocate(8).putInt((int) (blocks - 1)).putInt(CdDrive.BLOCK).array();
    }

    /**
     * READ TOC/PMA/ATIP (MMC-3, 5.23): the table of contents, or of sessions.
     *
     * @param format 0 or 1
     * @param from first track, or 0xaa for the lead-out alone
     * @return null when there is no such format or track
     */
    static byte[] toc(long blocks, int format, int from, boolean minutes) {
        ByteBuffer answer = ByteBuffer.allocate(20);
        answer.putShort((short) 0).put((byte) 1).put((byte) 1);
        if (format == 1) {
            track(answer, 1, 0, minutes);
        } else if (format == 0 && (from <= 1 || from == LEAD_OUT)) {
            if (from <= 1) {
                track(answer, 1, 0, minutes);
            }
            track(answer, LEAD_OUT, blocks, minutes);
        } else {
            return null;
        }
        answer.putShort(0, (short) (answer.position() - 2));
        return cut(answer);
    }

    private static void track(ByteBuffer answer, int number, long block, boolean minutes) {
        answer.put((byte) 0).put((byte) DATA_TRACK).put((byte) number).put((byte) 0);
        if (minutes) {
            long frames = block + LEAD_IN;
            answer.put((byte) 0).put((byte) (frames / 75 / 60)).put((byte) (frames / 75 % 60)).put((byte) (frames % 75));
        } else {
            answer.putInt((int) block);
        }
    }

    /**
     * GET CONFIGURATION (MMC-3, 5.6): profiles, core, removable medium; every feature there is is current.
     *
     * @param only whether the feature is wished for alone, else all from it on
     */
    static byte[] configuration(long blocks, int from, boolean only) {
        int profile = blocks == 0 ? PROFILE_NONE : blocks > CD_BLOCKS_MOST ? PROFILE_DVD : PROFILE_CD;
        ByteBuffer answer = ByteBuffer.allocate(64);
        answer.putInt(0).putShort((short) 0).putShort((short) profile);
        for (int i = 0; i < FEATURES; i++) {
            int feature = i == 2 ? 3 : i;
            if (only ? feature != from : feature < from) {
                continue;
            }
            answer.putShort((short) feature);
            switch (feature) {
                case 0 -> {
                    answer.put((byte) 0x03).put((byte) 8);
                    answer.putShort((short) PROFILE_DVD).put((byte) (profile == PROFILE_DVD ? 1 : 0)).put((byte) 0);
                    answer.putShort((short) PROFILE_CD).put((byte) (profile == PROFILE_CD ? 1 : 0)).put((byte) 0);
                }
                // Physical interface: ATAPI.
                case 1 -> answer.put((byte) 0x0b).put((byte) 8).putInt(2).putInt(1);
                // A tray that can be locked.
                default -> answer.put((byte) 0x03).put((byte) 4).putInt(0x2900_0000);
            }
        }
        answer.putInt(0, answer.position() - 4);
        return cut(answer);
    }

    /** GET EVENT STATUS NOTIFICATION (MMC-3, 5.7): of the classes only that of the medium, which never changes. */
    static byte[] event(boolean disc, int classes) {
        boolean medium = (classes & 0x10) != 0;
        ByteBuffer answer = ByteBuffer.allocate(medium ? 8 : 4);
        answer.putShort((short) (medium ? 6 : 2)).put((byte) (medium ? 4 : 0x80)).put((byte) 0x10);
        if (medium) {
            // No change; whether a medium is there.
            answer.put((byte) 0).put((byte) (disc ? 2 : 0));
        }
        return answer.array();
    }

    /** READ DISC INFORMATION (MMC-3, 5.19): one complete session, finished. */
    static byte[] disc() {
        byte[] answer = new byte[34];
        answer[1] = 32;
        answer[2] = 0x0e;
        answer[3] = 1;
        answer[4] = 1;
        answer[5] = 1;
        answer[6] = 1;
        answer[7] = 0x20;
        return answer;
    }

    /**
     * MODE SENSE (10) (SPC-2, 7.9; MMC-3, 6.3).
     *
     * @return null when there is no such page
     */
    static byte[] modes(int page) {
        ByteBuffer answer = ByteBuffer.allocate(64);
        answer.position(8);
        if (page == PAGE_ERROR_RECOVERY || page == PAGE_ALL) {
            answer.put((byte) PAGE_ERROR_RECOVERY).put((byte) 6).position(answer.position() + 6);
        }
        if (page == PAGE_CAPABILITIES || page == PAGE_ALL) {
            // Reads CD-R, CD-RW and DVD-ROM; multisession; a lockable tray; one speed, 64 volume levels, as MMC-3 6.3.11 orders them.
            answer.put((byte) PAGE_CAPABILITIES).put((byte) 18).put((byte) 0x0b).put((byte) 0).put((byte) 0x40).put((byte) 0).put((byte) 0x29).put((byte) 0);
            answer.putShort((short) 706).putShort((short) 0).putShort((short) 512).putShort((short) 706).position(answer.position() + 4);
        }
        if (answer.position() == 8) {
            return null;
        }
        answer.putShort(0, (short) (answer.position() - 2));
        return cut(answer);
    }

    /** MECHANISM STATUS (SFF-8020i, 9.8.5): a single disc. */
    static byte[] mechanism() {
        byte[] answer = new byte[8];
        answer[5] = 1;
        return answer;
    }

    private static byte[] cut(ByteBuffer answer) {
        byte[] bytes = new byte[answer.position()];
        answer.get(0, bytes);
        return bytes;
    }
}
