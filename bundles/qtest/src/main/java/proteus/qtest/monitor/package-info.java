/** The control socket: QEMU's machine protocol QMP (QEMU, docs/interop/qmp-spec). */
package proteus.qtest.monitor;
