"""RCA: what makes it different from other methods with accumulated attention.

Where paper and public code disagree, or the code can be read in two ways, this package does as
follows. Each module says so at its place too.

- An image's classes each update the memory with the image's own features. The public code masks
  the features for the first class and goes on with them, so that a second class finds nothing
  outside the region of the first.
- Regions to be remembered are averaged from the backbone's features, while those that are compared
  with the memory come from the embedding head; so it is in the public code, and here.
- The aggregation is linear: similarities to the prototypes are scaled and not normalised by a
  softmax, as in the public code.
- The memory starts as random values and moves by 1 % with every region, as in the public code.
- Attention is kept by image id and class. The public code counts the images of its loader, which
  must not shuffle and cannot run in two processes; here images come in random order.
- There is no momentum encoder: the public code has a method for one and nothing that calls it.
"""
