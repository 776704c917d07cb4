using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Tests.Hosting;

namespace Cluster.ApiServer.Tests.Admission.Loading;

/// <summary>The assembly of examples/admission-plugin in a real API server.</summary>
public sealed class LoadedPluginTests : IAsyncLifetime
{
    private readonly ApiServerRig _rig = new()
    {
        Configure = options => options with { Admission = AdmissionPlugins.Load(new AdmissionOptions { Assemblies = [PluginAssemblyTests.Example] }) },
    };

    public ValueTask InitializeAsync() => _rig.InitializeAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Pods_AreLabelledAndRefusedByTheExample()
    {
        Assert.Equal(0, (await _rig.KubectlAsync(null, "label", "namespace", "default", "team=payments")).ExitCode);
        var (code, refused) = await CreateAsync("loose", "registry.example.com:5000/web");
        var (_, latest) = await CreateAsync("latest", "web:latest");
        var (created, pod) = await CreateAsync("pinned", "registry.example.com:5000/web:1.2");

        Assert.Equal(HttpStatusCode.Forbidden, code);
        Assert.Equal("pods \"loose\" is forbidden: the image \"registry.example.com:5000/web\" of container \"main\" names no version", refused["message"]!.ToString());
        Assert.Contains("web:latest", latest["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Created, "payments"), (created, pod["metadata"]!["labels"]!["team"]!.ToString()));
        // The server's own plug-ins are on as ever.
        Assert.Equal("default", pod["spec"]!["serviceAccountName"]!.ToString());
    }

    private async Task<(HttpStatusCode Code, JsonNode Body)> CreateAsync(string name, string image)
    {
        var pod = new
        {
            metadata = new { name },
            spec = new { containers = new[] { new { name = "main", image } } },
        };
        using var response = await _rig.Admin.PostAsJsonAsync("/api/v1/namespaces/default/pods", pod);
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>())!);
    }
}
