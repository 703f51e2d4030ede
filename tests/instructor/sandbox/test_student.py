from in_there import run_in_there


def test_a_time_limit_that_falls_anywhere_is_told_in_a_sentence():
    """On a busy machine it fell where a call had just ended, and "out of time" was all one read."""
    code = """
import socket, threading

def late(self):
    self.name = "rnn_step"
    raise guard._TookTooLong(3.0)

student.Student.choose = late
here, there = socket.socketpair()
threading.Thread(target=student.serve, args=(there,), daemon=True).start()
channel = messages.Channel(here)
channel.send({"do": "choose", "with": {}})
print(channel.receive()["answer"]["unusable"])
"""
    said = "rnn_step was still running after 3 seconds: look for a loop that never ends.\n"
    assert run_in_there(code) == said
