using Cluster.Api;

namespace Cluster.Testing;

/// <summary>A call of a <see cref="FakeApiClient"/>, as tests look at it and make it fail.</summary>
/// <param name="Verb">get, list, watch, create, update, patch or delete.</param>
/// <param name="Type">The resource.</param>
/// <param name="Subresource">Such as <c>status</c> or <c>binding</c>; null for the object itself.</param>
/// <param name="Namespace">Null for the cluster scope or all namespaces.</param>
/// <param name="Name">Empty in a list, a watch, and a create that uses generateName.</param>
public sealed record FakeRequest(string Verb, ResourceType Type, string? Subresource, string? Namespace, string Name);
