namespace Cluster.Proxy.Top;

/// <summary>A backend of a service as the proxy tells of it.</summary>
internal sealed class TopBackend(string address)
{
    public string Address { get; } = address;

    /// <summary>Connections and sessions it has.</summary>
    public double Active { get; set; }

    /// <summary>Connections and sessions it was given, taken or not.</summary>
    public double Given { get; set; }

    /// <summary>Those it did not take.</summary>
    public double Failures { get; set; }
}
