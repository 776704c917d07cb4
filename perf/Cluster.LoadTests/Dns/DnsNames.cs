using System.Net;

namespace Cluster.LoadTests.Dns;

/// <summary>The names that every server of the benchmark serves: services of a cluster, an address each.</summary>
internal static class DnsNames
{
    public const string Domain = "cluster.local";

    public static string Name(int index) => $"svc-{index}.ns-{index % 100}.svc.{Domain}";

    public static IPAddress Address(int index) => new([10, 96, (byte)(index >> 8), (byte)index]);

    public static string Reverse(int index) => $"{index & 0xFF}.{index >> 8}.96.10.in-addr.arpa";
}
