using Cluster.ApiServer.Registry;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Rest;

/// <summary>A subresource that is a conversation and no object (pods/log, pods/exec): it answers the request by itself.</summary>
public interface IConnector
{
    /// <summary>Plural and subresource, such as <c>pods</c> and <c>log</c>.</summary>
    (string Resource, string Subresource) Path { get; }

    /// <summary>Answers. A StatusException thrown before the response started becomes its Status.</summary>
    Task ConnectAsync(HttpContext context, RequestScope scope);
}
