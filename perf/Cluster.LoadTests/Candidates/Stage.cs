using System.Net;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Candidates;

/// <summary>Where a run takes place: namespaces, cores, files. Everything it made goes with it.</summary>
internal sealed class Stage : IDisposable
{
    private const int BackendPort = 19_000;
    private int _port = 20_000;

    public Stage(string clusterBinary, string tools, int loadCore, int proxyCore, string? congestionControl = null)
    {
        CongestionControl = congestionControl;
        ClusterBinary = clusterBinary;
        Tools = tools;
        LoadCore = loadCore;
        ProxyCore = proxyCore;
        TestNamespace.RemoveStale();
        Plain = new TestNamespace("plain", congestionControl);
    }

    /// <summary>The program under test.</summary>
    public string ClusterBinary { get; }

    /// <summary>Folder that holds the unpacked peers.</summary>
    public string Tools { get; }

    /// <summary>What every socket begins with; null: as the host has it.</summary>
    public string? CongestionControl { get; }

    public int LoadCore { get; }

    public int ProxyCore { get; }

    /// <summary>The namespace without any rule.</summary>
    public TestNamespace Plain { get; }

    public string Scratch { get; } = Directory.CreateTempSubdirectory("cluster-bench-").FullName;

    public IPEndPoint Backend { get; } = new(IPAddress.Loopback, BackendPort);

    /// <summary>A place for a candidate to listen at, used once.</summary>
    public IPEndPoint NextEntry() => new(IPAddress.Loopback, ++_port);

    public string Write(string name, string text)
    {
        string path = Path.Combine(Scratch, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose()
    {
        Plain.Dispose();
        Directory.Delete(Scratch, recursive: true);
    }
}
