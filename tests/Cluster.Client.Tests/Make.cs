using Cluster.Api.CoreV1;

namespace Cluster.Client.Tests;

internal static class Make
{
    public static Pod Pod(string name, string ns = "default", string node = "", string app = "web") => new()
    {
        Metadata = new() { Name = name, Namespace = ns, Labels = { ["app"] = app } },
        Spec = new() { NodeName = node },
        Status = new(),
    };
}
