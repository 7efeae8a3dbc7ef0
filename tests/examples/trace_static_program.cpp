// A statically linked program: no loader, so nothing can be preloaded into it.
int main() { return 7; }
