/** Where device data really goes: disk images, raw and qcow2, locked against double use. */
package proteus.backend;
