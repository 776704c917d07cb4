using System.Text;
using Cluster.Api.CoreV1;
using Cluster.Kubelet.Tests.Rigs;
using Cluster.Testing;
using Google.Protobuf;

namespace Cluster.Kubelet.Tests.Secrecy;

/// <summary>
/// After pods were given secrets in every way, and after each way failed once: the log at its most verbose, events, statuses and what the kubelet's
/// server shows hold none of the values.
/// </summary>
public sealed class SecretScanTests : IAsyncDisposable
{
    private readonly FakeRuntime runtime = new();
    private readonly RecordedLog logs = new();
    private readonly TestCertificates certificates = new();
    private readonly List<Canary> canaries = [];
    private readonly KubeletRig rig;

    public SecretScanTests()
    {
        rig = new KubeletRig(runtime) { Logs = logs };
        rig.Options = rig.Options with { Certificates = certificates.Files, Port = 0, ListenAddress = "127.0.0.1" };
    }

    public async ValueTask DisposeAsync()
    {
        await rig.DisposeAsync();
        certificates.Dispose();
        logs.Dispose();
    }

    [Fact]
    public async Task LogsEventsAndStatuses_HoldNoSecret()
    {
        rig.Api.Seed(Secret("kept", ("password", New("a variable of a secret")), ("ALL", New("a variable of envFrom")), ("not-a-name", New("a key that is no variable's name"))));
        rig.Api.Seed(Secret("pulls", (".dockerconfigjson", """{"auths":{"reg.example":{"username":"u","password":"PASSWORD"}}}""".Replace("PASSWORD", New("a registry's password"), StringComparison.Ordinal))));
        rig.Api.Seed(Secret("broken", (".dockerconfigjson", """{"auths":{"reg.example":{"auth":"PASSWORD""".Replace("PASSWORD", New("a registry's password that can't be read"), StringComparison.Ordinal))));
        rig.Start();
        rig.Create(PodsOf.Pod("web", Given()).With(Volumes));
        rig.Create(PodsOf.Pod("pulled", Given().With(main => main.Image = "reg.example/a:1")).With(pod => pod.Spec.ImagePullSecrets.Add([new LocalObjectReference { Name = "pulls" }, new LocalObjectReference { Name = "broken" }])));
        await rig.UntilAsync("web", status => status.Phase == "Running");
        await rig.UntilAsync("pulled", status => status.Phase == "Running");
        await FailAsync();
        var shown = await ShownAsync();

        // The containers did get them, which is how the test knows that there was something to find.
        Assert.Contains(runtime.Spec("main").Environment, variable => variable.Contains(canaries[0].Value, StringComparison.Ordinal));
        Assert.Contains(logs.Lines, line => line.StartsWith("Debug", StringComparison.Ordinal) || line.StartsWith("Trace", StringComparison.Ordinal));
        AssertNone("the log", string.Join('\n', logs.Lines));
        AssertNone("an event", string.Join('\n', rig.Api.All<Event>().Select(item => item.ToString())));
        AssertNone("a pod", string.Join('\n', rig.Api.All<Pod>().Select(item => item.ToString())));
        AssertNone("the kubelet's server", shown);
    }

    private async Task FailAsync()
    {
        rig.Create(PodsOf.Pod("no-key", Given().With(main => main.Env.Add(Variable("MISSING", "kept", "none")))));
        await rig.UntilEventAsync("no-key", "Failed", "none");
        runtime.PullError = "unauthorized: authentication required";
        rig.Create(PodsOf.Pod("refused", Given().With(main => main.Image = "reg.example/b:1")).With(pod => pod.Spec.ImagePullSecrets.Add(new LocalObjectReference { Name = "pulls" })));
        await rig.UntilEventAsync("refused", "Failed", "unauthorized");
        runtime.StartError = "exec: no such file";
        rig.Create(PodsOf.Pod("unstarted", Given()));
        await rig.UntilEventAsync("unstarted", "Failed", "no such file");
        runtime.StartError = null;
    }

    private async Task<string> ShownAsync()
    {
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, served, _, _) => served is not null;
        handler.SslOptions.ClientCertificates = [certificates.Issue("CN=admin, O=system:masters")];
        using var http = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{rig.Kubelet!.Port}") };
        return await http.GetStringAsync("/pods") + await http.GetStringAsync("/metrics");
    }

    private static Container Given() => PodsOf.Container("main").With(main =>
    {
        main.Env.Add(Variable("PASSWORD", "kept", "password"));
        main.Env.Add(new EnvVar { Name = "URL", Value = "https://user:$(PASSWORD)@example/" });
        main.EnvFrom.Add(new EnvFromSource { SecretRef = new SecretEnvSource { LocalObjectReference = new() { Name = "kept" } } });
    });

    private static EnvVar Variable(string name, string secret, string key) => new()
    {
        Name = name, ValueFrom = new EnvVarSource { SecretKeyRef = new SecretKeySelector { LocalObjectReference = new() { Name = secret }, Key = key } },
    };

    private static void Volumes(Pod pod)
    {
        // Secrets lie in memory alone, which takes a mount.
        if (!Environment.IsPrivilegedProcess) return;
        var projected = new ProjectedVolumeSource { DefaultMode = 0x1a4 };
        projected.Sources.Add(new VolumeProjection { Secret = new SecretProjection { LocalObjectReference = new() { Name = "kept" } } });
        projected.Sources.Add(new VolumeProjection { ServiceAccountToken = new ServiceAccountTokenProjection { Path = "token", ExpirationSeconds = 3600, Audience = "there" } });
        pod.Spec.Volumes.Add(new Volume { Name = "all", VolumeSource = new VolumeSource { Projected = projected } });
        pod.Spec.Volumes.Add(new Volume { Name = "one", VolumeSource = new VolumeSource { Secret = new SecretVolumeSource { SecretName = "kept", DefaultMode = 0x100 } } });
        pod.Spec.Containers[0].VolumeMounts.Add(new VolumeMount { Name = "all", MountPath = "/all" });
        pod.Spec.Containers[0].VolumeMounts.Add(new VolumeMount { Name = "one", MountPath = "/one" });
    }

    private static Secret Secret(string name, params (string Key, string Value)[] data)
    {
        var secret = new Secret { Metadata = new() { Name = name, Namespace = "default" } };
        foreach (var (key, value) in data) secret.Data[key] = ByteString.CopyFromUtf8(value);
        return secret;
    }

    private string New(string what)
    {
        var canary = new Canary(what, $"canary{canaries.Count:D3}-{Guid.NewGuid():N}");
        canaries.Add(canary);
        return canary.Value;
    }

    private void AssertNone(string place, string text)
    {
        // The tokens of the rig are told by their beginning.
        Assert.DoesNotContain("token-of-", text, StringComparison.Ordinal);
        var bytes = Encoding.UTF8.GetBytes(text);
        Assert.Empty(canaries.Select(canary => canary.FindIn(place, bytes)).OfType<string>());
    }
}
