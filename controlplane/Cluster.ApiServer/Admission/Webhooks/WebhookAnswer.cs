using Cluster.Api.MetaV1;

namespace Cluster.ApiServer.Admission.Webhooks;

/// <summary>What a webhook has said.</summary>
/// <param name="Allowed">The request may pass.</param>
/// <param name="Patch">A JSON patch of the object; null: it stays as it is.</param>
/// <param name="Status">Why it may not; null: not told.</param>
/// <param name="Warnings">Texts for the caller.</param>
internal sealed record WebhookAnswer(bool Allowed, byte[]? Patch, Status? Status, IReadOnlyList<string> Warnings)
{
    /// <summary>What it has to say to the audit log, by names of its own.</summary>
    public IReadOnlyDictionary<string, string> AuditAnnotations { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
