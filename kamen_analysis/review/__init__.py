"""Review by people: samples handed out for coding, codes read back in, agreement between coders, and gold codes."""
