/** Networks: hubs between virtual machines, captures of frames, and what all back ends share. */
package proteus.backend.net;
