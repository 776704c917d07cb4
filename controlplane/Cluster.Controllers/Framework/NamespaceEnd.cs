using Cluster.Api;

namespace Cluster.Controllers.Framework;

/// <summary>Refusals that come of a namespace's being deleted: what was to be made in it is no longer wanted.</summary>
internal static class NamespaceEnd
{
    /// <summary>No other refusal may be taken for one: it would not be tried again.</summary>
    public static bool Explains(StatusException e) => e.Status.Details?.Causes.Any(cause => cause.Reason == "NamespaceTerminating") == true;
}
