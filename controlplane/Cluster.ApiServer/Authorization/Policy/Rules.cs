using Cluster.Api.RbacV1;

namespace Cluster.ApiServer.Authorization.Policy;

/// <summary>Writes policy rules down in one line each. Words are separated by blanks; <c>core</c> is the group without a name.</summary>
internal static class Rules
{
    public const string Read = "get list watch";

    public const string Write = "create delete deletecollection patch update";

    public const string ReadWrite = Read + " " + Write;

    /// <summary>To tell what happened.</summary>
    public static PolicyRule Events => On("create patch update", "core events.k8s.io", "events");

    /// <param name="verbs">Such as <c>get list</c>, or <c>*</c>.</param>
    /// <param name="groups">API groups.</param>
    /// <param name="resources">Plurals, with <c>/part</c> for a subresource.</param>
    /// <param name="names">The only objects meant; empty: all.</param>
    public static PolicyRule On(string verbs, string groups, string resources, string names = "") => new()
    {
        Verbs = { Words(verbs) },
        ApiGroups = { Words(groups).Select(group => group == "core" ? "" : group) },
        Resources = { Words(resources) },
        ResourceNames = { Words(names) },
    };

    /// <summary>Paths that are no resources; a trailing <c>*</c> means all below.</summary>
    public static PolicyRule Paths(string verbs, string paths) => new() { Verbs = { Words(verbs) }, NonResourceURLs = { Words(paths) } };

    // Sorted, as these objects are in every cluster.
    private static IEnumerable<string> Words(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal);
}
