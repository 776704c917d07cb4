namespace Cluster.LoadTests.Candidates;

internal enum Transport
{
    Tcp,
    Udp,
}
