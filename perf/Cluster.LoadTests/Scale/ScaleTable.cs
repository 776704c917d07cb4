using System.Globalization;
using System.Net;
using System.Text;

namespace Cluster.LoadTests.Scale;

/// <summary>The services of the scale check: addresses 10.96.0.0/16, port 80, and two sets of backends that a service can be moved between.</summary>
internal static class ScaleTable
{
    public const int BackendsPerService = 10;

    /// <summary>The node's address in the namespace; all backends listen there.</summary>
    public static IPAddress Node { get; } = IPAddress.Parse("10.200.0.1");

    private const int FirstPort = 19_001;

    public static IPEndPoint Service(int number) => new(new IPAddress([10, 96, (byte)(number >> 8), (byte)number]), 80);

    /// <summary>Backend of a set: 0 before a change, 1 after it.</summary>
    public static IPEndPoint Backend(int set, int number) => new(Node, FirstPort + (set * BackendsPerService) + number);

    /// <summary>A load balancer file of all services, one of which may be moved to the second set.</summary>
    public static string File(string path, int services, int moved = -1)
    {
        var text = new StringBuilder("threads: 1\nservices:\n");
        for (int i = 0; i < services; i++)
        {
            int set = i == moved ? 1 : 0;
            string backends = string.Join(", ", Enumerable.Range(0, BackendsPerService).Select(number => Backend(set, number)));
            text.Append(CultureInfo.InvariantCulture, $"  - name: service-{i}\n    listen: {Service(i)}\n    path: {path}\n    backends: [{backends}]\n");
        }

        return text.ToString();
    }
}
