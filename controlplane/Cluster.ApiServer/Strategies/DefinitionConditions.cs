using Cluster.Api.ApiExtensionsV1;
using Cluster.Api;

namespace Cluster.ApiServer.Strategies;

/// <summary>The conditions in a definition's status.</summary>
internal static class DefinitionConditions
{
    /// <summary>Sets a condition; its time changes with its status alone.</summary>
    public static void Set(CustomResourceDefinition definition, string type, bool holds, string reason, string message, TimeProvider time)
    {
        var status = definition.Status ??= new CustomResourceDefinitionStatus();
        var condition = status.Conditions.FirstOrDefault(one => one.Type == type);
        if (condition is null)
            status.Conditions.Add(condition = new CustomResourceDefinitionCondition { Type = type });
        var text = holds ? "True" : "False";
        if (condition.Status != text)
            condition.LastTransitionTime = time.GetUtcNow().ToTime();
        (condition.Status, condition.Reason, condition.Message) = (text, reason, message);
    }
}
