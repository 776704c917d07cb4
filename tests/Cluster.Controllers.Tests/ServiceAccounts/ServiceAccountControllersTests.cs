using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.ServiceAccounts;

public sealed class ServiceAccountControllersTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Both_EachNamespace_GetsWhatItNeedsAndGetsItBack()
    {
        _rig.Api.Seed(Make.Namespace("default"));
        _rig.Start(new ControllerManagerOptions { Controllers = ["serviceaccount", "root-ca-cert-publisher"], RootCa = "PEM" });
        await _rig.UntilAsync(() => Has("default"));

        _rig.Api.Seed(Make.Namespace("work"));
        await _rig.UntilAsync(() => Has("work"));
        _rig.Api.Remove<ServiceAccount>("work", "default");
        _rig.Api.Change<ConfigMap>("work", "kube-root-ca.crt", map => map.Data["ca.crt"] = "forged");

        await _rig.UntilAsync(() => Has("work"));
    }

    [Fact]
    public async Task Both_RefusedForAnotherReason_TryAgain()
    {
        var refusals = 4;
        _rig.Api.Fault = request => request.Verb == "create" && Interlocked.Decrement(ref refusals) >= 0
            ? StatusErrors.Forbidden(request.Type, request.Name, "status unknown for quota: all") : null;
        _rig.Api.Seed(Make.Namespace("default"));
        _rig.Start(new ControllerManagerOptions { Controllers = ["serviceaccount", "root-ca-cert-publisher"], RootCa = "PEM" });

        await _rig.UntilAsync(() => Has("default"));
    }

    [Fact]
    public async Task TokenSecret_IsFilledOnce_AndGoesWithItsAccount()
    {
        _rig.Api.Seed(Account("builder", "uid-1"));
        _rig.Start(WithTokens);
        _rig.Api.Seed(TokenSecret("builder-token", "builder"));
        _rig.Api.Seed(new Secret { Metadata = new() { Namespace = "work", Name = "plain" }, Type = "Opaque" });
        await _rig.UntilAsync(() => Data("builder-token").Count == 3);

        Assert.Equal(["ca.crt PEM", "namespace work", "token builder uid-1 builder-token"], Data("builder-token"));
        Assert.Equal("uid-1", _rig.Api.Find<Secret>("work", "builder-token")!.Metadata.Annotations["kubernetes.io/service-account.uid"]);
        var version = _rig.Api.Find<Secret>("work", "builder-token")!.Metadata.ResourceVersion;
        await _rig.SettleAsync();
        Assert.Equal(version, _rig.Api.Find<Secret>("work", "builder-token")!.Metadata.ResourceVersion);

        // Emptied, it is filled again; what else stands in it stays.
        _rig.Api.Change<Secret>("work", "builder-token", secret =>
        {
            secret.Data.Remove("token");
            secret.Data["mine"] = Google.Protobuf.ByteString.CopyFromUtf8("kept");
        });
        await _rig.UntilAsync(() => Data("builder-token").Count == 4);

        _rig.Api.Remove<ServiceAccount>("work", "builder");
        await _rig.UntilAsync(() => _rig.Api.Find<Secret>("work", "builder-token") is null);
        Assert.NotNull(_rig.Api.Find<Secret>("work", "plain"));
    }

    [Fact]
    public async Task TokenSecret_OfAnAccountThatIsNotThereOrAnother_IsDeleted()
    {
        _rig.Api.Seed(Account("builder", "uid-2"));
        var ofTheOneBefore = TokenSecret("old", "builder");
        ofTheOneBefore.Metadata.Annotations["kubernetes.io/service-account.uid"] = "uid-1";
        foreach (var secret in (Secret[])[ofTheOneBefore, TokenSecret("nobodys", "nobody"), TokenSecret("good", "builder")])
            _rig.Api.Seed(secret);
        _rig.Start(WithTokens);

        await _rig.UntilAsync(() => _rig.Api.All<Secret>().Select(secret => secret.Metadata.Name).SequenceEqual(["good"]) && Data("good").Count == 3);
    }

    private static ControllerManagerOptions WithTokens => new()
    {
        Controllers = ["serviceaccount-token"], RootCa = "PEM",
        SecretTokens = (account, secret) => $"{account.Metadata.Name} {account.Metadata.Uid} {secret.Metadata.Name}",
    };

    private List<string> Data(string name) =>
        [.. (_rig.Api.Find<Secret>("work", name)?.Data ?? []).Select(pair => $"{pair.Key} {pair.Value.ToStringUtf8()}").Order(StringComparer.Ordinal)];

    private static ServiceAccount Account(string name, string uid) => new() { Metadata = new() { Namespace = "work", Name = name, Uid = uid } };

    private static Secret TokenSecret(string name, string account) => new()
    {
        Metadata = new() { Namespace = "work", Name = name, Annotations = { ["kubernetes.io/service-account.name"] = account } },
        Type = "kubernetes.io/service-account-token",
    };

    private bool Has(string ns) =>
        _rig.Api.Find<ServiceAccount>(ns, "default") is not null
        && _rig.Api.Find<ConfigMap>(ns, "kube-root-ca.crt")?.Data["ca.crt"] == "PEM";
}
