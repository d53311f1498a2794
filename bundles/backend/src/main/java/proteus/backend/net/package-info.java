/** Networks: hubs between virtual machines and captures of frames. */
package proteus.backend.net;
