using Cluster.Api.CoreV1;

namespace Cluster.Api.Tables;

internal static class NodeColumns
{
    private const string RolePrefix = "node-role.kubernetes.io/";
    private const string RoleLabel = "kubernetes.io/role";
    private const string Unknown = "<unknown>";

    public static TableColumns Make() => new TableBuilder<Node>()
        .Name()
        .Text("Status", "Whether the node is ready, and whether it takes new pods.", Status)
        .Text("Roles", "What the node is for, from its labels.", Roles)
        .Age()
        .Text("Version", "Version of the node's agent.", node => node.Status?.NodeInfo?.KubeletVersion ?? "")
        .Wide("Internal-IP", "Address inside the cluster.", node => Address(node, "InternalIP"))
        .Wide("External-IP", "Address from outside.", node => Address(node, "ExternalIP"))
        .Wide("OS-Image", "The operating system.", node => Fact(node.Status?.NodeInfo?.OsImage))
        .Wide("Kernel-Version", "The kernel.", node => Fact(node.Status?.NodeInfo?.KernelVersion))
        .Wide("Container-Runtime", "What runs the containers.", node => Fact(node.Status?.NodeInfo?.ContainerRuntimeVersion))
        .Build();

    private static string Status(Node node)
    {
        var ready = node.Status?.Conditions.FirstOrDefault(condition => condition.Type == "Ready")?.Status;
        var status = ready switch
        {
            null => "Unknown",
            "True" => "Ready",
            _ => "NotReady",
        };
        return node.Spec?.Unschedulable == true ? status + ",SchedulingDisabled" : status;
    }

    private static string Roles(Node node)
    {
        var labels = node.Metadata?.Labels ?? [];
        var named = labels.Keys.Where(key => key.StartsWith(RolePrefix, StringComparison.Ordinal)).Select(key => key[RolePrefix.Length..]);
        var told = labels.TryGetValue(RoleLabel, out var role) ? [role] : Array.Empty<string>();
        return CellText.List(named.Concat(told).Where(name => name.Length > 0).Distinct().Order(StringComparer.Ordinal));
    }

    private static string Address(Node node, string type) =>
        CellText.OrNone(node.Status?.Addresses.FirstOrDefault(address => address.Type == type)?.Address);

    private static string Fact(string? value) => string.IsNullOrEmpty(value) ? Unknown : value;
}
