using System.Text.Json.Nodes;
using Cluster.Api.Apply.Schema;
using Cluster.Api.Json;

namespace Cluster.Api.Apply;

/// <summary>Objects of one kind as trees, and back. Immutable.</summary>
internal abstract class ObjectTrees
{
    /// <summary>The object without its managedFields; of null, an empty one.</summary>
    public JsonObject ToTree(IApiObject? obj)
    {
        var tree = WholeTree(obj);
        (tree["metadata"] as JsonObject)?.Remove("managedFields");
        return tree;
    }

    /// <exception cref="JsonDecodeException">The tree is no such object.</exception>
    public abstract IApiObject FromTree(JsonObject tree);

    /// <summary>What became of the fields.</summary>
    /// <param name="type">How they are owned.</param>
    /// <param name="before">The object before; null: there was none.</param>
    /// <param name="after">The object after.</param>
    public abstract FieldChanges Compare(ApplyType type, IApiObject? before, IApiObject after);

    protected abstract JsonObject WholeTree(IApiObject? obj);
}
