using System.Text;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Serving;

/// <summary>Writes which way each service port takes and why, a line each: name, protocol, path and reason, with tabs between.</summary>
internal static class PathText
{
    public static string Of(IEnumerable<ServicePathReport> reports)
    {
        var text = new StringBuilder();
        foreach (var report in reports.OrderBy(report => report.Id.Name, StringComparer.Ordinal).ThenBy(report => report.Id.Protocol))
            text.Append($"{report.Id.Name}\t{Protocol(report.Id)}\t{Path(report.Path)}\t{report.Why}\n");
        return text.ToString();
    }

    private static string Protocol(ServicePortId id) => id.Protocol == ServiceProtocol.Tcp ? "TCP" : "UDP";

    private static string Path(ServicePath path) => path switch
    {
        ServicePath.Connect => "connect",
        ServicePath.Managed => "managed",
        ServicePath.Nftables => "nftables",
        _ => "loop",
    };
}
