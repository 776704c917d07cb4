using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Loads;

/// <summary>One socket of the load and what to do when it is ready. Lives on its loop's thread.</summary>
internal abstract class Peer(LoadLoop loop)
{
    public int Descriptor { get; private set; } = -1;

    protected LoadLoop Loop { get; } = loop;

    /// <summary>The socket is readable or writable, as far as it was asked for. May come once too often.</summary>
    public abstract void Ready(uint events);

    /// <summary>Takes over a descriptor and watches it.</summary>
    public void Attach(int descriptor, uint interest)
    {
        Descriptor = descriptor;
        Loop.Watch(this, interest);
    }

    public void Close()
    {
        if (Descriptor < 0) return;
        Loop.Forget(this);
        _ = Libc.close(Descriptor);
        Descriptor = -1;
    }

    public void Reset()
    {
        if (Descriptor < 0) return;
        Loop.Forget(this);
        Sockets.Reset(Descriptor);
        Descriptor = -1;
    }
}
