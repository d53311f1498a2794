/** How results look: aligned tables and lines for people, JSON for programs. */
package proteus.shell.text;
