using Cluster.ApiServer.Admission.PodSecurity;
using Cluster.ApiServer.Admission.Webhooks;

namespace Cluster.ApiServer.Admission;

/// <summary>The server's own admission plug-ins by Kubernetes' names, in the order in which they see a write.</summary>
/// <remarks>
/// On by default is what is so in Kubernetes, and <c>NodeRestriction</c>, which every installation of it turns on. A new plug-in is a class and a line here.
/// </remarks>
internal static class AdmissionCatalog
{
    /// <summary>Users' own plug-ins come before this one where nothing else is said: webhooks see what they made, as of the server's own.</summary>
    public const string AfterOwn = "MutatingAdmissionWebhook";

    /// <summary>All that can be turned on and off.</summary>
    public static IReadOnlyList<AdmissionEntry> All { get; } =
    [
        new("NamespaceLifecycle", parts => new NamespaceLifecycle(parts.Objects, parts.Time)),
        new("LimitRanger", parts => new LimitRanger(parts.Objects)),
        new("ServiceAccount", parts => new ServiceAccountAdmission(parts.Objects, parts.Time)),
        new("NodeRestriction", parts => new NodeRestriction(parts.Objects)),
        new("AlwaysPullImages", _ => new AlwaysPullImages(), IsDefault: false),
        new("PodSecurity", parts => new PodSecurityAdmission(parts.Objects, parts.Time)),
        new("Priority", parts => new PriorityAdmission(parts.Objects)),
        new("DefaultTolerationSeconds", _ => new DefaultTolerationSeconds()),
        new("DefaultStorageClass", parts => new DefaultStorageClass(parts.Objects)),
        new("RuntimeClass", parts => new RuntimeClassAdmission(parts.Objects)),
        new("CertificateApproval", parts => new CertificateApproval(new SignerRights(parts.Authorizer))),
        new("CertificateSigning", parts => new CertificateSigning(new SignerRights(parts.Authorizer))),
        new("CertificateSubjectRestriction", _ => new CertificateSubjectRestriction()),
        new("DefaultIngressClass", parts => new DefaultIngressClass(parts.Objects)),
        new("MutatingAdmissionWebhook", parts => new MutatingAdmissionWebhook(parts.Objects, parts.Webhooks)),
        new("ValidatingAdmissionWebhook", parts => new ValidatingAdmissionWebhook(parts.Objects, parts.Webhooks)),
        // The last: what it charges is what will be stored.
        new("ResourceQuota", parts => new ResourceQuotaAdmission(parts.Objects, new QuotaLedger(parts.Store), parts.Time)),
    ];
}
