/** Files that hold images, locked against double use. */
package proteus.backend.file;
