using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Authorization;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class AdmissionPluginsTests
{
    // Kubernetes' own that are not to be turned off have no part in the choice.
    private static readonly string[] Always = ["CreationRights", "RoleEscalation"];

    [Fact]
    public void Create_NothingSaid_IsKubernetesDefaults() => Assert.Equal(
        [
            "NamespaceLifecycle", "LimitRanger", "ServiceAccount", "NodeRestriction", "PodSecurity", "Priority", "DefaultTolerationSeconds", "DefaultStorageClass", "RuntimeClass",
            "CertificateApproval", "CertificateSigning", "CertificateSubjectRestriction", "DefaultIngressClass", "MutatingAdmissionWebhook", "ValidatingAdmissionWebhook", "ResourceQuota",
        ],
        Create(new AdmissionOptions()).Where(AdmissionCatalog.All.Select(entry => entry.Name).Contains));

    [Fact]
    public void Catalog_NamesAreThePluginsOwn()
    {
        var all = new AdmissionOptions { Order = [.. AdmissionPlugins.Names] };
        Assert.Equal([Always[0], .. AdmissionPlugins.Names, Always[1]], Create(all));
    }

    [Fact]
    public void Create_EnabledAndDisabled_AreInTheOrderOfTheCatalog()
    {
        var names = Create(new AdmissionOptions { Enable = ["AlwaysPullImages", "ResourceQuota"], Disable = ["LimitRanger", "DefaultTolerationSeconds"] });

        Assert.Equal(AdmissionPlugins.Names.Except(["LimitRanger", "DefaultTolerationSeconds"]), names.Except(Always));
    }

    [Fact]
    public void Create_Order_IsThatAndNoMore() => Assert.Equal(
        ["CreationRights", "ResourceQuota", "First", "LimitRanger", "RoleEscalation"],
        Create(new AdmissionOptions { Order = ["ResourceQuota", "First", "LimitRanger"] }, typeof(First), typeof(Second)));

    [Fact]
    public void Create_OnesOwn_ComeBeforeWebhooks()
    {
        var names = Create(new AdmissionOptions { Disable = ["Second"] }, typeof(First), typeof(Second)).ToList();

        Assert.Equal("MutatingAdmissionWebhook", names[names.IndexOf("First") + 1]);
        Assert.Equal("DefaultIngressClass", names[names.IndexOf("First") - 1]);
        Assert.DoesNotContain("Second", names);
    }

    [Fact]
    public void Load_NamesThatMakeNoSense_AreRefusedInKubernetesWords()
    {
        Assert.Equal("enable-admission-plugins plugin \"Foo\" is unknown", Refusal(new() { Enable = ["NodeRestriction", "Foo"] }));
        Assert.Equal("disable-admission-plugins plugin \"\" is unknown", Refusal(new() { Disable = [""] }));
        Assert.Equal("admission-control plugin \"podpreset\" is unknown", Refusal(new() { Order = ["podpreset"] }));
        Assert.Equal("admission-control plugin \"LimitRanger\" is named twice", Refusal(new() { Order = ["LimitRanger", "LimitRanger"] }));
        Assert.Equal("admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive", Refusal(new() { Order = [], Disable = ["LimitRanger"] }));
        Assert.Equal(
            "[LimitRanger ResourceQuota] in enable-admission-plugins and disable-admission-plugins overlapped",
            Refusal(new() { Enable = ["ResourceQuota", "LimitRanger"], Disable = ["LimitRanger", "ResourceQuota"] }));
    }

    [Fact]
    public void Create_NameOfNoPlugin_IsRefusedOnceLoadedOnesAreKnown()
    {
        var error = Assert.Throws<AdmissionPluginException>(() => Create(new() { Enable = ["Second", "Third"] }, typeof(First), typeof(Second)));
        Assert.Equal("enable-admission-plugins plugin \"Third\" is unknown", error.Message);
    }

    [Fact]
    public void Create_NameThatIsTaken_IsRefused()
    {
        var error = Assert.Throws<AdmissionPluginException>(() => Create(new(), typeof(First), typeof(First)));
        Assert.EndsWith(": there is an admission plug-in of the name \"First\" already", error.Message, StringComparison.Ordinal);
        Assert.Throws<AdmissionPluginException>(() => Create(new(), typeof(Impostor)));
    }

    private static string Refusal(AdmissionOptions options) => Assert.Throws<AdmissionPluginException>(() => AdmissionPlugins.Load(options)).Message;

    private static IEnumerable<string> Create(AdmissionOptions options, params Type[] own) => AdmissionPlugins.Of(options, own)
        .Create(new AdmissionParts(new FakeObjects(), null!, new AuthorizationParts(), null!, TimeProvider.System), NullLoggerFactory.Instance)
        .Select(plugin => plugin.Name);

    public sealed class First : OwnPlugin;

    public sealed class Second : OwnPlugin;

    public sealed class Impostor : OwnPlugin
    {
        public override string Name => "ResourceQuota";
    }

    public abstract class OwnPlugin : IAdmissionPlugin
    {
        public virtual string Name => GetType().Name;

        public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
