using System.Text.Json.Nodes;
using Cluster.Api.Apply.Schema;
using Cluster.Api.Apply.Trees;
using Cluster.Api.Custom;

namespace Cluster.Api.Apply;

/// <summary>Objects of a kind that a definition added.</summary>
internal sealed class CustomTrees(string apiVersion, string kind) : ObjectTrees
{
    /// <inheritdoc/>
    public override IApiObject FromTree(JsonObject tree) => CustomJson.FromTree(tree);

    /// <inheritdoc/>
    public override FieldChanges Compare(ApplyType type, IApiObject? before, IApiObject after) =>
        TreeComparison.Compare(type, ToTree(before), ToTree(after));

    protected override JsonObject WholeTree(IApiObject? obj) => CustomJson.ToTree((CustomObject?)obj ?? new CustomObject(), apiVersion, kind);
}
