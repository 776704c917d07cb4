using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cluster.Api;
using Cluster.Api.CertificatesV1;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.RbacV1;
using Cluster.Client;
using Cluster.Testing;
using Google.Protobuf;

namespace Cluster.Controllers.Tests.Server;

/// <summary>Certificate requests, bootstrap tokens and gathered roles over a real API server, each controller under its own account.</summary>
public sealed class CertificatesOverServerTests(ServerRig rig) : IClassFixture<ServerRig>
{
    private const string KubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";
    private const string KubeletServing = "kubernetes.io/kubelet-serving";
    private const string Client = "kubernetes.io/kube-apiserver-client";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NewNode_WithABootstrapToken_GetsItsCertificateAndIsThatNode()
    {
        await rig.Admin.CreateAsync(Token("abcdef", "0123456789abcdef", TimeProvider.System.GetUtcNow().AddHours(1)), Cancel);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var joining = rig.WithToken("abcdef.0123456789abcdef");
        await Eventually.True(async () => await CanAsync(() => joining.ListAsync<CertificateSigningRequest>(null, ListQuery.All, Cancel)));
        await joining.CreateAsync(Request("node-b", KubeletClient, Subject("system:node:b", "system:nodes"), key, "client auth"), Cancel);

        using var certificate = await SignedAsync("node-b", key);
        Assert.Equal("CN=system:node:b, O=system:nodes", certificate.Subject);
        var node = rig.WithCertificate(certificate);
        await node.CreateAsync(new Node { Metadata = new ObjectMeta { Name = "b" } }, Cancel);
        var failure = await Assert.ThrowsAsync<StatusException>(() => node.CreateAsync(new Node { Metadata = new ObjectMeta { Name = "c" } }, Cancel));
        Assert.Contains("is not allowed to modify node", failure.Message, StringComparison.Ordinal);

        // The node renews by itself.
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await node.CreateAsync(Request("node-b-again", KubeletClient, Subject("system:node:b", "system:nodes"), next, "client auth"), Cancel);
        using var renewed = await SignedAsync("node-b-again", next);
        Assert.Equal(certificate.Subject, renewed.Subject);
        var approved = Conditions(await rig.Admin.GetAsync<CertificateSigningRequest>(null, "node-b-again", Cancel));
        Assert.Equal(("Approved", "AutoApproved", "Auto approving self kubelet client certificate after SubjectAccessReview."), approved);
    }

    [Fact]
    public async Task ServingCertificate_IsSignedOnceAPersonApproves()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("node-s");
        await rig.Admin.CreateAsync(Request("serving", KubeletServing, Subject("kubernetes-admin-is-no-node", "system:nodes"), key, "server auth", names.Build()), Cancel);
        await ApproveAsync("serving");

        var failed = await FailedAsync("serving");
        Assert.Equal("subject common name does not begin with system:node:", failed);
    }

    [Fact]
    public async Task LimitedUser_GetsACertificateAndIsThatUser()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request("jane", Client, Subject("jane", "dev"), key, "client auth");
        request.Spec.ExpirationSeconds = 3600;
        // As the documentation of Kubernetes has it: the purpose alone.
        request.Spec.Usages.Remove("digital signature");
        await rig.Admin.CreateAsync(request, Cancel);
        await ApproveAsync("jane");
        using var certificate = await SignedAsync("jane", key);

        Assert.DoesNotContain(certificate.Extensions, extension => extension is X509KeyUsageExtension);
        Assert.True(certificate.NotAfter.ToUniversalTime() < TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(2));
        var failure = await Assert.ThrowsAsync<StatusException>(() => rig.WithCertificate(certificate).ListAsync<Pod>("default", ListQuery.All, Cancel));
        Assert.Equal("pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"", failure.Message);
    }

    [Fact]
    public async Task Masters_AreNotToBeHadByRequest()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var failure = await Assert.ThrowsAsync<StatusException>(
            () => rig.Admin.CreateAsync(Request("king", Client, Subject("king", "system:masters"), key, "client auth"), Cancel));

        Assert.Equal(
            "certificatesigningrequests.certificates.k8s.io \"king\" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
            failure.Message);
    }

    [Fact]
    public async Task BootstrapToken_ThatHasExpired_IsGone()
    {
        await rig.Admin.CreateAsync(Token("expire", "0123456789abcdef", TimeProvider.System.GetUtcNow().AddHours(-1)), Cancel);

        await Eventually.True(async () => !await CanAsync(() => rig.Admin.GetAsync<Secret>("kube-system", "bootstrap-token-expire", Cancel)));
        var failure = await Assert.ThrowsAsync<StatusException>(() => rig.WithToken("expire.0123456789abcdef").ListAsync<CertificateSigningRequest>(null, ListQuery.All, Cancel));
        Assert.Equal(401, failure.Code);
    }

    [Fact]
    public async Task GatheredRoles_HaveTheRulesOfTheirParts()
    {
        await Eventually.True(async () => (await RulesAsync("view")).Any(rule => rule.Resources.Contains("pods/log")));
        await Eventually.True(async () => (await RulesAsync("admin")).Any(rule => rule.Resources.Contains("rolebindings")));
        await rig.Admin.CreateAsync(
            new ClusterRole
            {
                Metadata = new ObjectMeta { Name = "things-viewer", Labels = { ["rbac.authorization.k8s.io/aggregate-to-view"] = "true" } },
                Rules = { new PolicyRule { Verbs = { "get" }, ApiGroups = { "example.com" }, Resources = { "things" } } },
            },
            Cancel);

        foreach (var role in (string[])["view", "edit", "admin"])
            await Eventually.True(async () => (await RulesAsync(role)).Any(rule => rule.Resources.Contains("things")), role);
        await rig.Admin.DeleteAsync<ClusterRole>(null, "things-viewer", null, Cancel);
        await Eventually.True(async () => !(await RulesAsync("admin")).Any(rule => rule.Resources.Contains("things")));
    }

    private async Task<IReadOnlyList<PolicyRule>> RulesAsync(string role) => (await rig.Admin.GetAsync<ClusterRole>(null, role, Cancel)).Rules;

    private async Task ApproveAsync(string name)
    {
        var request = await rig.Admin.GetAsync<CertificateSigningRequest>(null, name, Cancel);
        request.Status ??= new CertificateSigningRequestStatus();
        request.Status.Conditions.Add(new CertificateSigningRequestCondition { Type = "Approved", Status = "True", Reason = "Test" });
        await rig.Admin.UpdateSubresourceAsync(request, "approval", Cancel);
    }

    private async Task<X509Certificate2> SignedAsync(string name, ECDsa key)
    {
        CertificateSigningRequest request = null!;
        await Eventually.True(async () => (request = await rig.Admin.GetAsync<CertificateSigningRequest>(null, name, Cancel)).Status is { Certificate.IsEmpty: false });
        return X509Certificate2.CreateFromPem(request.Status.Certificate.ToStringUtf8(), key.ExportPkcs8PrivateKeyPem());
    }

    private async Task<string> FailedAsync(string name)
    {
        CertificateSigningRequestCondition? failed = null;
        await Eventually.True(async () =>
            (failed = (await rig.Admin.GetAsync<CertificateSigningRequest>(null, name, Cancel)).Status?.Conditions.FirstOrDefault(one => one.Type == "Failed")) is not null);
        return failed!.Message;
    }

    private static (string Type, string Reason, string Message) Conditions(CertificateSigningRequest request) =>
        request.Status.Conditions is [var one] ? (one.Type, one.Reason, one.Message) : ("", "", "");

    private static async Task<bool> CanAsync(Func<Task> ask)
    {
        try
        {
            await ask();
            return true;
        }
        catch (StatusException)
        {
            return false;
        }
    }

    private static string Subject(string name, string group) => $"CN={name}, O={group}";

    private static CertificateSigningRequest Request(string name, string signer, string subject, ECDsa key, string purpose, X509Extension? names = null)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        if (names is not null)
            request.CertificateExtensions.Add(names);
        return new CertificateSigningRequest
        {
            Metadata = new ObjectMeta { Name = name },
            Spec = new CertificateSigningRequestSpec
            {
                Request = ByteString.CopyFrom(request.CreateSigningRequestPem() + "\n", Encoding.ASCII), SignerName = signer, Usages = { "digital signature", purpose },
            },
        };
    }

    private static Secret Token(string id, string secret, DateTimeOffset expires) => new()
    {
        Metadata = new ObjectMeta { Namespace = "kube-system", Name = $"bootstrap-token-{id}" },
        Type = "bootstrap.kubernetes.io/token",
        StringData =
        {
            ["token-id"] = id, ["token-secret"] = secret, ["usage-bootstrap-authentication"] = "true",
            ["expiration"] = expires.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
        },
    };
}
