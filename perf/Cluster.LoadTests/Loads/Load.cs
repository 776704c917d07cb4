namespace Cluster.LoadTests.Loads;

/// <summary>A kind of traffic between a client and a backend, both of its own making, over whatever stands between them.</summary>
internal abstract class Load(LoadLoop loop, LoadTarget target) : IDisposable
{
    /// <summary>Bytes of a request over TCP.</summary>
    public const int RequestSize = 128;

    /// <summary>Bytes of a response over TCP.</summary>
    public const int ResponseSize = 256;

    /// <summary>Bytes of a datagram.</summary>
    public const int DatagramSize = 64;

    /// <summary>What was done since the start, in the load's own unit: requests, bytes, datagrams.</summary>
    public long Operations { get; protected set; }

    /// <summary>Connections that broke, datagrams that were lost.</summary>
    public long Failures { get; private set; }

    protected LoadLoop Loop { get; } = loop;

    protected LoadTarget Target { get; } = target;

    /// <summary>Opens the sockets; the traffic itself runs with the loop.</summary>
    public abstract void Open();

    public void CountOperation() => Operations++;

    public void CountFailures(long count) => Failures += count;

    public virtual void Dispose()
    {
    }
}
