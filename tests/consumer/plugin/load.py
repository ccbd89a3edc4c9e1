"""Python loads the shared library and a plugin. usage: load.py LIBRARY PLUGIN"""
import ctypes
import sys

library, plugin = map(ctypes.CDLL, sys.argv[1:3])
assert library._ZN5xtape11num_threadsEv() >= 1
plugin.train_step.restype = ctypes.c_double
gain = plugin.train_step()
assert gain > 0, gain
