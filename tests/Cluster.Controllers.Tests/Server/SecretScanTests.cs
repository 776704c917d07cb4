using System.Text;
using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Client;
using Cluster.Testing;
using Google.Protobuf;

namespace Cluster.Controllers.Tests.Server;

/// <summary>
/// After the controllers made tokens, let others expire, met workloads that carry passwords and failed at some: their log at its most verbose and the
/// events hold none of the values, and none of the cluster's keys.
/// </summary>
public sealed class SecretScanTests : IDisposable
{
    private const string Ns = "default";

    private readonly RecordedLog _logs = new();
    private readonly List<Canary> _canaries = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task LogsAndEvents_HoldNoSecret()
    {
        string events;
        await using (var rig = new ServerRig { Logs = _logs })
        {
            await rig.InitializeAsync();
            await TokenAsync(rig);
            await BootstrapAsync(rig);
            await WorkloadsAsync(rig);
            await AddKeysAsync(rig);
            events = string.Join('\n', (await rig.Admin.ListAsync<Event>(null, ListQuery.All, Cancel)).Items);
        }

        Assert.Contains(_logs.Lines, line => line.StartsWith("Debug", StringComparison.Ordinal) || line.StartsWith("Trace", StringComparison.Ordinal));
        AssertNone("the log", string.Join('\n', _logs.Lines));
        AssertNone("an event", events);
    }

    private async Task TokenAsync(ServerRig rig)
    {
        await rig.Admin.CreateAsync(new ServiceAccount { Metadata = new() { Namespace = Ns, Name = "outside" } }, Cancel);
        await rig.Admin.CreateAsync(
            new Secret { Metadata = new() { Namespace = Ns, Name = "outside", Annotations = { ["kubernetes.io/service-account.name"] = "outside" } }, Type = "kubernetes.io/service-account-token" }, Cancel);
        Secret? secret = null;
        await Eventually.True(async () => (secret = await rig.Admin.GetAsync<Secret>(Ns, "outside", Cancel)).Data.ContainsKey("token"));
        var token = secret!.Data["token"].ToStringUtf8();
        _canaries.Add(new Canary("a service account's token", token));
        _canaries.Add(new Canary("its signature", token[(token.LastIndexOf('.') + 1)..]));
        await rig.Admin.DeleteAsync<ServiceAccount>(Ns, "outside", null, Cancel);
        await Eventually.True(async () => (await rig.Admin.ListAsync<Secret>(Ns, ListQuery.All, Cancel)).Items.All(one => one.Metadata.Name != "outside"));
    }

    private async Task BootstrapAsync(ServerRig rig)
    {
        const string Secret = "q7x9k2m4p8w1z5t3";
        _canaries.Add(new Canary("a bootstrap token", Secret));
        var expired = TimeProvider.System.GetUtcNow().AddMinutes(-1).ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
        await rig.Admin.CreateAsync(
            Opaque("kube-system", "bootstrap-token-abcdef", "bootstrap.kubernetes.io/token", ("token-id", "abcdef"), ("token-secret", Secret), ("usage-bootstrap-authentication", "true"), ("expiration", expired)), Cancel);
        await Eventually.True(async () => (await rig.Admin.ListAsync<Secret>("kube-system", ListQuery.All, Cancel)).Items.All(one => one.Metadata.Name != "bootstrap-token-abcdef"));
    }

    private async Task WorkloadsAsync(ServerRig rig)
    {
        await rig.Admin.CreateAsync(Opaque(Ns, "kept", "Opaque", ("password", New("a secret"))), Cancel);
        foreach (var (name, account) in ((string, string)[])[("runs", "default"), ("fails", "nobody")])
        {
            var deployment = new Deployment { Metadata = new() { Namespace = Ns, Name = name }, Spec = new() { Replicas = 1, Selector = new() { MatchLabels = { ["app"] = name } } } };
            var main = new Container { Name = "main", Image = "image", Env = { new EnvVar { Name = "PASSWORD", Value = New("a variable of a template") } } };
            deployment.Spec.Template = new PodTemplateSpec { Metadata = new ObjectMeta { Labels = { ["app"] = name } }, Spec = new PodSpec { ServiceAccountName = account, Containers = { main } } };
            await rig.Admin.CreateAsync(deployment, Cancel);
        }

        // The one has no account, of which the event tells.
        await Eventually.True(async () => (await rig.Admin.ListAsync<Event>(Ns, ListQuery.All, Cancel)).Items.Any(item => item.Reason == "FailedCreate"));
        await Eventually.True(async () => (await rig.Admin.ListAsync<Pod>(Ns, ListQuery.All, Cancel)).Items.Any(pod => pod.Status.Phase == "Running"));
    }

    private async Task AddKeysAsync(ServerRig rig)
    {
        foreach (var file in Directory.EnumerateFiles(rig.Keys, "*.key"))
        {
            var lines = await File.ReadAllLinesAsync(file, Cancel);
            _canaries.Add(new Canary(Path.GetFileName(file), lines[lines.Length / 2]));
        }

        Assert.Contains(_canaries, canary => canary.What == "ca.key");
    }

    private static Secret Opaque(string ns, string name, string type, params (string Key, string Value)[] data)
    {
        var secret = new Secret { Metadata = new() { Namespace = ns, Name = name }, Type = type };
        foreach (var (key, value) in data)
            secret.Data[key] = ByteString.CopyFromUtf8(value);
        return secret;
    }

    private string New(string what)
    {
        var canary = new Canary(what, $"canary{_canaries.Count:D3}-{Guid.NewGuid():N}");
        _canaries.Add(canary);
        return canary.Value;
    }

    private void AssertNone(string place, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Assert.Empty(_canaries.Select(canary => canary.FindIn(place, bytes)).OfType<string>());
    }
}
