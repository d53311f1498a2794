/** Where device data really goes: disk images. */
package proteus.backend;
