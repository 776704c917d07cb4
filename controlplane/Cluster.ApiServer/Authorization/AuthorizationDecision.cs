namespace Cluster.ApiServer.Authorization;

/// <summary>An authorizer's answer.</summary>
/// <param name="Allowed">The caller may; if not, another authorizer may still say that they may.</param>
/// <param name="Reason">Why, for the caller to read; may be empty.</param>
public readonly record struct AuthorizationDecision(bool Allowed, string Reason = "")
{
    public static AuthorizationDecision Allow { get; } = new(true);

    /// <summary>Nothing is known that allows it.</summary>
    public static AuthorizationDecision NoOpinion { get; } = new(false);
}
